namespace Anneal.Golden.Tests;

/// <content>Operations that fold axes, and products.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Reductions => new()
    {
        ["sum"] = One(a => a["x"].Sum(a.Axes("axes"), a.Flag("keepdims"))),
        ["mean"] = One(a => a["x"].Mean(a.Axes("axes"), a.Flag("keepdims"))),
        ["amax"] = One(a => a["x"].Max(a.Axes("axes"), a.Flag("keepdims"))),
        ["amin"] = One(a => a["x"].Min(a.Axes("axes"), a.Flag("keepdims"))),
        ["prod"] = One(a => a["x"].Product(a.Axes("axes"), a.Flag("keepdims"))),
        ["variance"] = One(a => a["x"].Variance(a.Axes("axis"), unbiased: a.Flag("unbiased"))),
        ["std"] = One(a => a["x"].StandardDeviation(a.Axes("axis"), unbiased: a.Flag("unbiased"))),
        ["logsumexp"] = One(a => (a["x"] * a.Number("input_scale")).LogSumExp(a.Integer("axis"))),
        ["softmax"] = One(a => a["x"].Softmax(a.Integer("axis"))),
        ["log_softmax"] = One(a => a["x"].LogSoftmax(a.Integer("axis"))),
        ["argmax"] = One(a => a["x"].ArgMax(a.Integer("axis"))),
        ["cumsum"] = One(a => a["x"].CumulativeSum(a.Integer("axis"))),
        ["topk"] = a => Both(a["x"].TopK(a.Integer("k"), a.Integer("axis", -1))),
        ["sort"] = a => Both(a["x"].Sort(a.Integer("axis", -1), a.Flag("descending"))),
        ["norm"] = One(a =>
        {
            a.Require("ord", "2");
            return a["x"].Norm([-1]);
        }),
    };

    private static Tensor[] Both((Tensor Values, Tensor Indices) sorted) => [sorted.Values, sorted.Indices];

    private static Dictionary<string, Runner> Products => new()
    {
        ["matmul"] = One(a => a["input"].MatMul(a["other"])),

        // As Dense computes, whose kernel is the transpose of PyTorch's weight.
        ["linear"] = One(a => a["input"].MatMul(a["weight"].Transpose(1, 0)) + a["bias"]),
        ["einsum"] = One(a => Tensor.Einsum(a.Text("equation"), a["a"], a["b"])),
    };
}
