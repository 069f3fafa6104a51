namespace Anneal.Golden.Tests;

/// <content>Normalizations. Golden images are channels first.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Norms => new()
    {
        ["batch_norm_train"] = a =>
        {
            a.Require("running_var", "unbiased");
            Tensor x = a["x"];
            (Tensor y, Tensor mean, Tensor variance) = x.BatchNorm(1, a["g"], a["b"], a.Number("eps"));
            double count = x.Shape.ElementCount / (double)x.Shape[1], kept = 1 - a.Number("momentum");
            return
            [
                y,
                a["mean"] * kept + mean * (1 - kept),
                a["var"] * kept + variance * ((1 - kept) * count / (count - 1)),
            ];
        },
        ["batch_norm_eval"] = One(a => a["x"].BatchNormWith(1, a["mean"], a["var"], a["g"], a["b"], a.Number("eps"))),
        ["layer_norm"] = One(a => a["x"].LayerNorm(Trailing(a["g"]), a["g"], a["b"], a.Number("eps"))),
        ["rms_norm"] = One(a => a["x"].RmsNorm(Trailing(a["g"]), a["g"], a.Number("eps"))),
        ["group_norm"] = One(a => Moved(Moved(a["x"], 1, -1).GroupNorm(a.Integer("groups"), a["g"], a["b"], a.Number("eps")), -1, 1)),
        ["instance_norm"] = One(a => Moved(Moved(a["x"], 1, -1).InstanceNorm(a["g"], a["b"], a.Number("eps")), -1, 1)),
    };

    /// <summary>One axis at another place, the others in their order.</summary>
    private static Tensor Moved(Tensor x, int from, int to)
    {
        List<int> order = [.. Enumerable.Range(0, x.Shape.Rank)];
        int axis = x.Shape.Axis(from);
        order.RemoveAt(axis);
        order.Insert(x.Shape.Axis(to), axis);
        return x.Transpose([.. order]);
    }

    /// <summary>The last axes, as many as the scale has.</summary>
    private static int[] Trailing(Tensor scale) => [.. Enumerable.Range(-scale.Shape.Rank, scale.Shape.Rank)];
}
