namespace Anneal.Golden.Tests;

/// <content>Losses, reduced to their mean as training does.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Losses => new()
    {
        ["cross_entropy"] = One(a => SparseMean(Loss.SparseCategoricalCrossentropy(fromLogits: true), a["input"], a["target"])),
        ["cross_entropy_ignore"] = One(a => SparseMean(
            Loss.SparseCategoricalCrossentropy(fromLogits: true, a.Integer("ignore_index")), a["input"], a["target"])),
        ["cross_entropy_weight"] = One(a => SparseMean(
            Loss.SparseCategoricalCrossentropy(fromLogits: true), a["input"], a["target"], a["weight"].Gather(a["target"]))),
        ["cross_entropy_extreme"] = One(a => SparseMean(
            Loss.SparseCategoricalCrossentropy(fromLogits: true), a["input"] * a.Number("input_scale"), a["target"])),
        ["cross_entropy_soft"] = One(a => Mean(Loss.CategoricalCrossentropy(fromLogits: true), a["input"], a["target"])),
        ["bce_with_logits"] = One(a => Mean(Loss.BinaryCrossentropy(fromLogits: true), a["input"], a["target"])),
        ["bce"] = One(a =>
        {
            a.Require("activation", "sigmoid");
            return Mean(Loss.BinaryCrossentropy(), Tensor.Sigmoid(a["input"]), a["target"]);
        }),
        ["cross_entropy_smooth"] = One(a => SparseMean(
            Loss.SparseCategoricalCrossentropy(fromLogits: true, labelSmoothing: a.Number("label_smoothing")), a["input"], a["target"])),
        ["mse"] = One(a => Mean(Loss.MeanSquaredError(), a["input"], a["target"])),
        ["mae"] = One(a => Mean(Loss.MeanAbsoluteError(), a["input"], a["target"])),
        ["huber"] = One(a => Mean(Loss.Huber(a.Number("delta")), a["input"], a["target"])),
        ["smooth_l1"] = One(a => Mean(Loss.SmoothL1(a.Number("beta")), a["input"], a["target"])),
        ["kl_div"] = One(a =>
        {
            a.Require("reduction", "batchmean");
            a.Require("of", "log_softmax/softmax");
            return Mean(Loss.KullbackLeiblerDivergence(fromLogits: true), a["input"], a["target"].Softmax(1));
        }),
        ["hinge"] = One(a => Mean(Loss.Hinge(), a["input"], a["target"])),
        ["cosine_similarity"] = One(a => -Loss.CosineSimilarity().Values(a["a"], a["b"])),
        ["triplet_margin"] = One(a => Loss.TripletMargin(a["a"], a["p"], a["n"], a.Number("margin")).Mean()),
        ["ctc"] = One(a =>
        {
            a.Require("reduction", "mean");

            // Golden sequences are [time, batch, classes].
            return Mean(Loss.Ctc(a.Integer("blank")), a["logits"].Transpose(1, 0, 2), a["targets"].Cast(DType.Int32));
        }),
    };

    private static Tensor Mean(Loss loss, Tensor output, Tensor target) => loss.Values(output, target).Mean();

    private static Tensor SparseMean(Loss loss, Tensor output, Tensor target, Tensor? weights = null)
    {
        Tensor labels = target.Cast(DType.Int32);
        Tensor counts = loss.Counts(labels)!;
        Tensor weighed = weights is null ? counts : counts * weights;
        return (loss.Values(output, labels) * weighed).Sum() / weighed.Sum();
    }
}
