using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// The sum over all steps of a value of a scan's body, computed outside from stacked values: a sum of products is one product over time and
/// rows, a sum of sums one sum.
/// </summary>
internal abstract record ScanSum
{
    /// <summary>The values of the body that are needed stacked.</summary>
    internal abstract IEnumerable<Tensor> Factors { get; }

    /// <summary>Records the sum in the current trace.</summary>
    /// <param name="stacks">The factors, stacked to <c>[time, ...]</c>.</param>
    internal abstract Tensor Compute(IReadOnlyDictionary<Tensor, Tensor> stacks);

    /// <summary>The sum over the steps, or null where only adding up step by step gives it.</summary>
    /// <param name="value">The value to add up.</param>
    /// <param name="varies">Whether a value differs from step to step.</param>
    internal static ScanSum? TryMoveOut(Tensor value, Func<Tensor, bool> varies)
    {
        Tensor[] inputs = value.Node.Inputs;
        switch (value.Node.Op)
        {
            case MatMul product when value.Shape.Rank == 2 && inputs.All(varies):
                return new OfProducts(product, inputs[0], inputs[1]);
            case Sum sum when varies(inputs[0]):
                return new OfSums(sum, inputs[0]);
            case ScatterAdd scatter when inputs.All(varies):
                return new OfScattered(scatter, inputs[0], inputs[1]);
            case Reshape or Transpose or Negate or StopGradient or Pad { Value: 0 }:
                return TryMoveOut(inputs[0], varies) is { } inner ? new OfLinear(value.Node.Op, [inner]) : null;
            case Add or Subtract or Concat:
                ScanSum?[] terms = [.. inputs.Select(i => TryMoveOut(i, varies))];
                return terms.All(t => t is not null) ? new OfLinear(value.Node.Op, [.. terms.OfType<ScanSum>()]) : null;
            default:
                return null;
        }
    }

    /// <summary>Sum of a_t · b_t: the steps become part of the summed axis.</summary>
    private sealed record OfProducts(MatMul Op, Tensor Left, Tensor Right) : ScanSum
    {
        internal override IEnumerable<Tensor> Factors => [Left, Right];

        internal override Tensor Compute(IReadOnlyDictionary<Tensor, Tensor> stacks)
        {
            // Stored with the summed axis first, time and rows are one axis as they lie.
            Tensor left = Op.TransposeA ? stacks[Left] : stacks[Left].Transpose(0, 2, 1);
            Tensor right = Op.TransposeB ? stacks[Right].Transpose(0, 2, 1) : stacks[Right];
            return MatMul.Product(Join(left), Join(right), transposeA: true, transposeB: false);
        }

        private static Tensor Join(Tensor stack) => stack.Reshape(stack.Shape[0] * stack.Shape[1], stack.Shape[2]);
    }

    /// <summary>Sum of sums.</summary>
    private sealed record OfSums(Sum Op, Tensor Summed) : ScanSum
    {
        internal override IEnumerable<Tensor> Factors => [Summed];

        internal override Tensor Compute(IReadOnlyDictionary<Tensor, Tensor> stacks)
        {
            int[] axes = [0, .. Enumerable.Range(Op.FirstAxis + 1, Op.AxisCount)];
            return stacks[Summed].Sum(axes);
        }
    }

    /// <summary>Rows added to a table.</summary>
    private sealed record OfScattered(ScatterAdd Op, Tensor Indices, Tensor Values) : ScanSum
    {
        internal override IEnumerable<Tensor> Factors => [Indices, Values];

        internal override Tensor Compute(IReadOnlyDictionary<Tensor, Tensor> stacks) => Node.Apply(Op, stacks[Indices], stacks[Values]);
    }

    /// <summary>A linear function, which may as well be applied to the sum.</summary>
    private sealed record OfLinear(Op Op, ScanSum[] Terms) : ScanSum
    {
        internal override IEnumerable<Tensor> Factors => Terms.SelectMany(t => t.Factors);

        internal override Tensor Compute(IReadOnlyDictionary<Tensor, Tensor> stacks) => Node.Apply(Op, [.. Terms.Select(t => t.Compute(stacks))]);
    }
}
