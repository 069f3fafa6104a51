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
        ["mse"] = One(a => Mean(Loss.MeanSquaredError(), a["input"], a["target"])),
        ["mae"] = One(a => Mean(Loss.MeanAbsoluteError(), a["input"], a["target"])),
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
