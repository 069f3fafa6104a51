namespace Anneal.Onnx;

/// <summary>Operators that fold axes.</summary>
internal static class ReductionRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["ReduceSum"] = call => [Fold(call, (x, axes, keep) => x.Sum(axes, keep))];
        rules["ReduceMean"] = call => [Fold(call, (x, axes, keep) => x.Mean(axes, keep))];
        rules["ReduceMax"] = call => [Fold(call, Largest)];
        rules["ReduceMin"] = call => [Fold(call, (x, axes, keep) => x.DType == DType.Bool ? x.Cast(DType.Int32).Min(axes, keep).Cast(DType.Bool) : x.Min(axes, keep))];
        rules["ReduceProd"] = call => [Fold(call, (x, axes, keep) => x.Product(axes, keep))];
        rules["ReduceL1"] = call => [Fold(call, (x, axes, keep) => Tensor.Abs(x).Sum(axes, keep))];
        rules["ReduceL2"] = call => [Fold(call, (x, axes, keep) => x.Norm(axes, keep))];
        rules["ReduceSumSquare"] = call => [Fold(call, (x, axes, keep) => Tensor.Square(x).Sum(axes, keep))];
        rules["ReduceLogSum"] = call => [Fold(call, (x, axes, keep) => Tensor.Log(x.Sum(axes, keep)))];
        rules["ReduceLogSumExp"] = call => [Fold(call, LogSumExp)];
    }

    private static Tensor Largest(Tensor x, int[] axes, bool keep) =>
        x.DType == DType.Bool ? x.Cast(DType.Int32).Max(axes, keep).Cast(DType.Bool) : x.Max(axes, keep);

    private static Tensor LogSumExp(Tensor x, int[] axes, bool keep)
    {
        Tensor largest = x.Max(axes, keepAxes: true).StopGradient();
        Tensor shift = Tensor.Select(Tensor.Abs(largest).LessThan(double.PositiveInfinity), largest, largest.FillLike(0));
        Tensor result = Tensor.Log(Tensor.Exp(x - shift).Sum(axes, keepAxes: true)) + shift;
        return keep ? result : result.Reshape(new Shape([.. Enumerable.Range(0, x.Shape.Rank).Except(axes).Select(a => x.Shape[a])]));
    }

    private static Tensor Fold(OnnxCall call, Func<Tensor, int[], bool, Tensor> fold)
    {
        Tensor x = call[0];
        long[]? named = call.IntegersOrInput("axes", 1);
        bool keep = call.Flag("keepdims", true), nothingMeansNone = call.Flag("noop_with_empty_axes");
        int[] axes = named is null || named.Length == 0 ? nothingMeansNone ? [] : [.. Enumerable.Range(0, x.Shape.Rank)] : call.Axes(named, x.Shape.Rank);

        // Without an axis every element is a fold of itself alone, along an axis that comes and goes.
        return axes.Length == 0 ? fold(x.ExpandAxis(-1), [x.Shape.Rank], false) : fold(x, axes, keep);
    }
}
