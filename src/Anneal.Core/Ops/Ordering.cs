using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// The sums of the elements of an axis up to and including each one; up to but without it where <c>Exclusive</c>, from the end where
/// <c>Reverse</c>. Terms are added one after another; devices add float32 in double precision and round each result once.
/// </summary>
internal sealed record CumulativeSum(int Axis, bool Exclusive, bool Reverse) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        if ((uint)Axis >= (uint)inputs[0].Shape.Rank)
            throw new OperandException($"there is no axis {Axis}.");
        if (inputs[0].DType == DType.Bool)
            throw new OperandException("needs numbers, not truth values.", isDType: true);
        return [inputs[0]];
    }

    // Each element enters the sums from its own place on: their gradients add up in the other direction.
    internal override Tensor?[] Gradient(GradientCall call) => [Node.Apply(this with { Reverse = !Reverse }, call.Upstream)];

    internal override void Reference(ReferenceCall call)
    {
        Shape shape = call.OutputShape;
        long outer = shape[..Axis].ElementCount, extent = shape[Axis], inner = shape[(Axis + 1)..].ElementCount;
        double[] input = call.Inputs[0], output = call.Outputs[0];
        for (long lane = 0; lane < outer * inner; lane++)
        {
            double sum = 0;
            for (long k = 0; k < extent; k++)
            {
                long at = (lane / inner * extent + (Reverse ? extent - 1 - k : k)) * inner + lane % inner;
                double before = sum;
                sum += input[at];
                output[at] = Exclusive ? before : sum;
            }
        }
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>
/// The positions along an axis of its first <c>Count</c> elements in order of their values, as int32. Equal elements keep their order (0 and
/// -0 are equal), and a NaN comes last, whether ascending or descending.
/// </summary>
internal sealed record ArgSort(int Axis, bool Descending, long Count) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Shape shape = inputs[0].Shape;
        if ((uint)Axis >= (uint)shape.Rank)
            throw new OperandException($"there is no axis {Axis}.");
        if (Count < 0 || Count > shape[Axis])
            throw new OperandException($"axis {Axis} of {shape[Axis]} elements has no first {Count}.");
        if (shape[Axis] > int.MaxValue)
            throw new OperandException($"axis {Axis} has more elements than an int32 can count.");
        if (inputs[0].DType == DType.Bool)
            throw new OperandException("needs numbers, not truth values.", isDType: true);
        long[] extents = shape.ToArray();
        extents[Axis] = Count;
        return [new TensorType(DType.Int32, extents)];
    }

    internal override Tensor?[] Gradient(GradientCall call) => [null];

    internal override string? NoGradientReason => "gives whole numbers";

    internal override void Reference(ReferenceCall call)
    {
        Shape shape = call.InputShape(0);
        long outer = shape[..Axis].ElementCount, extent = shape[Axis], inner = shape[(Axis + 1)..].ElementCount;
        for (long lane = 0; lane < outer * inner; lane++)
        {
            long first = lane / inner * extent * inner + lane % inner;
            double Value(int k) => call.Inputs[0][first + k * inner];
            IEnumerable<int> order = Enumerable.Range(0, (int)extent).OrderBy(k => double.IsNaN(Value(k)))
                .ThenBy(k => Descending ? -Value(k) : Value(k)).ThenBy(k => k);
            long target = lane / inner * Count * inner + lane % inner;
            foreach (int k in order.Take((int)Count))
            {
                call.Outputs[0][target] = k;
                target += inner;
            }
        }
    }

    internal override OpRecord Record => OpRecord.Standard with { Smooth = false };
}
