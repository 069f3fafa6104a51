using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>How elements are folded.</summary>
internal enum ReductionKind
{
    Sum,
    Product,
    Maximum,
    Minimum,
}

/// <summary>Folds <c>AxisCount</c> neighbouring axes from <c>FirstAxis</c> on; they vanish from the shape.</summary>
internal abstract record ReductionOp(int FirstAxis, int AxisCount) : Op
{
    internal sealed override OpKind Kind => OpKind.Reduction;

    internal abstract ReductionKind Reduction { get; }

    internal sealed override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        TensorType input = inputs[0];
        if (FirstAxis < 0 || AxisCount < 1 || FirstAxis + AxisCount > input.Shape.Rank)
            throw new OperandException($"cannot fold axes {FirstAxis} to {FirstAxis + AxisCount - 1} of {input.Shape}.");
        if (input.DType == DType.Bool)
            throw new OperandException("needs numbers, not truth values.", isDType: true);
        Shape kept = input.Shape[..FirstAxis].Concat(input.Shape[(FirstAxis + AxisCount)..]);
        if (Reduction is ReductionKind.Maximum or ReductionKind.Minimum && kept.ElementCount > 0 && input.Shape.ElementCount == 0)
            throw new OperandException("has no result for an empty axis.");
        return [input with { Shape = kept }];
    }

    internal sealed override void Reference(ReferenceCall call)
    {
        Shape shape = call.InputShape(0);
        long outer = shape[..FirstAxis].ElementCount, inner = shape[(FirstAxis + AxisCount)..].ElementCount;
        long folded = shape[FirstAxis..(FirstAxis + AxisCount)].ElementCount;
        double[] input = call.Inputs[0], output = call.Outputs[0];
        for (long o = 0; o < outer; o++)
        {
            for (long i = 0; i < inner; i++)
            {
                double value = Start;
                for (long k = 0; k < folded; k++)
                    value = Fold(value, input[(o * folded + k) * inner + i]);
                output[o * inner + i] = value;
            }
        }
    }

    private double Start => Reduction switch
    {
        ReductionKind.Sum => 0,
        ReductionKind.Product => 1,
        ReductionKind.Maximum => double.NegativeInfinity,
        _ => double.PositiveInfinity,
    };

    private double Fold(double a, double b) => Reduction switch
    {
        ReductionKind.Sum => a + b,
        ReductionKind.Product => a * b,
        ReductionKind.Maximum => Math.Max(a, b),
        _ => Math.Min(a, b),
    };

    /// <summary>A folded tensor spread over the folded axes again.</summary>
    internal Tensor Spread(Tensor folded, Shape full)
    {
        var kept = full.ToArray();
        Array.Fill(kept, 1, FirstAxis, AxisCount);
        return folded.Reshape(kept).BroadcastTo(full);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>The sum.</summary>
internal sealed record Sum(int FirstAxis, int AxisCount) : ReductionOp(FirstAxis, AxisCount)
{
    internal override ReductionKind Reduction => ReductionKind.Sum;

    internal override Tensor?[] Gradient(GradientCall call) => [Spread(call.Upstream, call.Input.Shape)];
}

/// <summary>
/// The product; its gradient multiplies the other factors, so a zero factor does no harm. Gradients of second order hold where no factor is zero.
/// </summary>
internal sealed record Product(int FirstAxis, int AxisCount) : ReductionOp(FirstAxis, AxisCount)
{
    internal override ReductionKind Reduction => ReductionKind.Product;

    internal override Tensor?[] Gradient(GradientCall call)
    {
        // With no zero: product / x. With exactly one zero: the product of the others at that place. With more: nothing.
        Tensor x = call.Input, zero = x.FillLike(0), one = x.FillLike(1);
        Tensor isZero = x.EqualTo(0);
        Tensor safe = Tensor.Select(isZero, one, x);
        Tensor others = Spread(Node.Apply(this, safe), x.Shape);
        Tensor zeros = Spread(Node.Apply(new Sum(FirstAxis, AxisCount), isZero.Cast(x.DType)), x.Shape);
        Tensor factor = Tensor.Select(
            zeros.EqualTo(0), others / safe,
            Tensor.Select(zeros.EqualTo(1), Tensor.Select(isZero, others, zero), zero));
        return [Spread(call.Upstream, x.Shape) * factor];
    }

    internal override OpRecord Record => OpRecord.Domain(0.5, 1.6);
}

/// <summary>The largest element; a NaN wins. Equal largest elements share the gradient.</summary>
internal sealed record Max(int FirstAxis, int AxisCount) : ReductionOp(FirstAxis, AxisCount)
{
    internal override ReductionKind Reduction => ReductionKind.Maximum;

    internal override Tensor?[] Gradient(GradientCall call) => [Share(this, call)];

    internal static Tensor Share(ReductionOp op, GradientCall call)
    {
        Tensor x = call.Input;
        Tensor hit = x.EqualTo(op.Spread(call.Output, x.Shape)).Cast(x.DType);
        Tensor count = Node.Apply(new Sum(op.FirstAxis, op.AxisCount), hit);
        return hit * op.Spread(call.Upstream / count, x.Shape);
    }
}

/// <summary>The smallest element; a NaN wins. Equal smallest elements share the gradient.</summary>
internal sealed record Min(int FirstAxis, int AxisCount) : ReductionOp(FirstAxis, AxisCount)
{
    internal override ReductionKind Reduction => ReductionKind.Minimum;

    internal override Tensor?[] Gradient(GradientCall call) => [Max.Share(this, call)];
}

/// <summary>The position of the largest element along an axis, the first of equal ones; a NaN counts as largest.</summary>
internal sealed record ArgMax(int Axis) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Shape shape = inputs[0].Shape;
        Shape kept = shape[..Axis].Concat(shape[(Axis + 1)..]);
        if (shape[Axis] == 0 && kept.ElementCount > 0)
            throw new OperandException("has no result for an empty axis.");
        return [new TensorType(DType.Int32, kept)];
    }

    internal override Tensor?[] Gradient(GradientCall call) => [null];

    internal override string? NoGradientReason => "gives whole numbers";

    internal override void Reference(ReferenceCall call)
    {
        Shape shape = call.InputShape(0);
        long outer = shape[..Axis].ElementCount, extent = shape[Axis], inner = shape[(Axis + 1)..].ElementCount;
        double[] input = call.Inputs[0];
        for (long o = 0; o < outer; o++)
        {
            for (long i = 0; i < inner; i++)
            {
                long best = 0;
                for (long k = 1; k < extent; k++)
                {
                    double value = input[(o * extent + k) * inner + i], leader = input[(o * extent + best) * inner + i];
                    if (value > leader || (double.IsNaN(value) && !double.IsNaN(leader)))
                        best = k;
                }

                call.Outputs[0][o * inner + i] = best;
            }
        }
    }

    internal override OpRecord Record => OpRecord.Standard with { Smooth = false };
}
