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
        ["group_norm"] = One(a => ToChannelsFirst(ToChannelsLast(a["x"]).GroupNorm(a.Integer("groups"), a["g"], a["b"], a.Number("eps")))),
        ["instance_norm"] = One(a => ToChannelsFirst(ToChannelsLast(a["x"]).InstanceNorm(a["g"], a["b"], a.Number("eps")))),
    };

    /// <summary>The last axes, as many as the scale has.</summary>
    private static int[] Trailing(Tensor scale) => [.. Enumerable.Range(-scale.Shape.Rank, scale.Shape.Rank)];
}
