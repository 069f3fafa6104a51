using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>Shows the elements of its input in another arrangement.</summary>
internal abstract record ViewOp : Op
{
    internal override OpKind Kind => OpKind.View;

    internal sealed override TensorType[] Infer(ReadOnlySpan<TensorType> inputs) =>
        [inputs[0] with { Shape = InferShape(inputs[0].Shape) }];

    protected abstract Shape InferShape(Shape input);

    /// <summary>The index in the input, of shape <paramref name="shape"/>, that the output shows at <paramref name="output"/>.</summary>
    internal abstract void MapIndex(ReadOnlySpan<long> output, Span<long> input, Shape shape);

    internal sealed override void Reference(ReferenceCall call)
    {
        Shape from = call.InputShape(0), to = call.OutputShape;
        long[] strides = Strides.Of(from);
        var index = new long[to.Rank];
        var source = new long[from.Rank];
        double[] input = call.Inputs[0], output = call.Outputs[0];
        for (int i = 0; i < output.Length; i++)
        {
            MapIndex(index, source, from);
            output[i] = input[Strides.Dot(strides, source)];
            Strides.Advance(index, to);
        }
    }

    internal sealed override Tensor?[] Gradient(GradientCall call) => [Transposed(call)];

    /// <summary>The gradient with respect to the input.</summary>
    protected abstract Tensor Transposed(GradientCall call);

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>Index arithmetic on row-major arrays.</summary>
internal static class Strides
{
    /// <summary>The elements between neighbours along each axis of a dense row-major array.</summary>
    internal static long[] Of(Shape shape)
    {
        var strides = new long[shape.Rank];
        long stride = 1;
        for (int i = shape.Rank - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }

        return strides;
    }

    internal static long Dot(ReadOnlySpan<long> strides, ReadOnlySpan<long> index)
    {
        long sum = 0;
        for (int i = 0; i < strides.Length; i++)
            sum += strides[i] * index[i];
        return sum;
    }

    /// <summary>Moves to the next index in row-major order; wraps around at the end.</summary>
    internal static void Advance(Span<long> index, Shape shape)
    {
        for (int i = shape.Rank - 1; i >= 0; i--)
        {
            if (++index[i] < shape[i])
                return;
            index[i] = 0;
        }
    }
}

/// <summary>The same elements in the same order under another shape.</summary>
internal sealed record Reshape(Shape To) : Op
{
    internal override OpKind Kind => OpKind.Reshape;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        if (inputs[0].Shape.ElementCount != To.ElementCount)
            throw new OperandException($"cannot give {inputs[0].Shape.ElementCount} elements the shape {To} of {To.ElementCount} elements.");
        return [inputs[0] with { Shape = To }];
    }

    internal override Tensor?[] Gradient(GradientCall call) => [call.Upstream.Reshape(call.Input.Shape)];

    internal override void Reference(ReferenceCall call) => call.Inputs[0].CopyTo(call.Outputs[0], 0);

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>Axes in another order: axis i of the output is axis <c>Order[i]</c> of the input.</summary>
internal sealed record Transpose(Shape Order) : ViewOp
{
    protected override Shape InferShape(Shape input)
    {
        if (Order.Rank != input.Rank || !Order.Order().SequenceEqual(Enumerable.Range(0, input.Rank).Select(i => (long)i)))
            throw new OperandException($"{Order} is not an order of the {input.Rank} axes of {input}.");
        return new Shape(Order.Select(axis => input[(int)axis]).ToArray());
    }

    internal override void MapIndex(ReadOnlySpan<long> output, Span<long> input, Shape shape)
    {
        for (int i = 0; i < output.Length; i++)
            input[(int)Order[i]] = output[i];
    }

    protected override Tensor Transposed(GradientCall call)
    {
        var inverse = new int[Order.Rank];
        for (int i = 0; i < inverse.Length; i++)
            inverse[(int)Order[i]] = i;
        return call.Upstream.Transpose(inverse);
    }
}

/// <summary>Repeats axes of extent 1, and adds leading axes, to reach a larger shape.</summary>
internal sealed record BroadcastTo(Shape To) : ViewOp
{
    protected override Shape InferShape(Shape input) =>
        input.BroadcastsTo(To) ? To : throw new OperandException($"{input} cannot be broadcast to {To}.");

    internal override void MapIndex(ReadOnlySpan<long> output, Span<long> input, Shape shape)
    {
        int lead = output.Length - input.Length;
        for (int i = 0; i < input.Length; i++)
            input[i] = shape[i] == 1 ? 0 : output[lead + i];
    }

    protected override Tensor Transposed(GradientCall call) => call.Upstream.SumTo(call.Input.Shape);
}

/// <summary>Every <c>Step</c>-th element from <c>Start</c>, <c>Extent</c> of them, along each axis; a negative step runs backwards.</summary>
internal sealed record Slice(Shape Start, Shape Extent, IntegerList Step) : ViewOp
{
    protected override Shape InferShape(Shape input)
    {
        if (Start.Rank != input.Rank || Extent.Rank != input.Rank || Step.Values.Length != input.Rank)
            throw new OperandException($"needs a start, an extent and a step for each of the {input.Rank} axes.");
        for (int i = 0; i < input.Rank; i++)
        {
            long last = Start[i] + (Extent[i] - 1) * Step.Values[i];
            if (Step.Values[i] == 0 || (Extent[i] > 0 && (Start[i] >= input[i] || last < 0 || last >= input[i])))
            {
                throw new OperandException(
                    $"axis {i} of extent {input[i]} has no {Extent[i]} elements from {Start[i]} in steps of {Step.Values[i]}.");
            }
        }

        return Extent;
    }

    internal override void MapIndex(ReadOnlySpan<long> output, Span<long> input, Shape shape)
    {
        for (int i = 0; i < output.Length; i++)
            input[i] = Start[i] + output[i] * Step.Values[i];
    }

    protected override Tensor Transposed(GradientCall call)
    {
        // Elements that the slice skipped get zero: spread the gradient out, then pad to both sides.
        Tensor up = call.Upstream;
        Shape full = call.Input.Shape;
        for (int i = 0; i < full.Rank; i++)
        {
            if (Step.Values[i] < 0)
                up = up.Flip(i);
        }

        var before = new long[full.Rank];
        var after = new long[full.Rank];
        var gaps = new long[full.Rank];
        for (int i = 0; i < full.Rank; i++)
        {
            long step = Step.Values[i], extent = Extent[i];
            long low = step > 0 ? Start[i] : Start[i] + (extent - 1) * step;
            gaps[i] = Math.Abs(step) - 1;
            before[i] = extent == 0 ? full[i] : low;
            after[i] = extent == 0 ? 0 : full[i] - low - ((extent - 1) * Math.Abs(step) + 1);
        }

        return Node.Apply(new Pad(before, after, gaps, 0), up);
    }
}

/// <summary>A list of whole numbers that compares by value.</summary>
internal readonly struct IntegerList(params long[] values) : IEquatable<IntegerList>
{
    internal long[] Values => values;

    public bool Equals(IntegerList other) => values.AsSpan().SequenceEqual(other.Values);

    public override bool Equals(object? obj) => obj is IntegerList other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (long value in values)
            hash.Add(value);
        return hash.ToHashCode();
    }

    public override string ToString() => "[" + string.Join(", ", values) + "]";
}

/// <summary>
/// Surrounds the input with a constant: <c>Before</c> and <c>After</c> elements along each axis, and <c>Between</c> each two neighbours.
/// </summary>
internal sealed record Pad(Shape Before, Shape After, Shape Between, double Value) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Shape input = inputs[0].Shape;
        if (Before.Rank != input.Rank || After.Rank != input.Rank || Between.Rank != input.Rank)
            throw new OperandException($"needs an amount before, after and between for each of the {input.Rank} axes.");
        var extents = new long[input.Rank];
        for (int i = 0; i < extents.Length; i++)
            extents[i] = Before[i] + After[i] + input[i] + Math.Max(0, input[i] - 1) * Between[i];
        return [inputs[0] with { Shape = extents }];
    }

    internal override Tensor?[] Gradient(GradientCall call)
    {
        Shape input = call.Input.Shape;
        var step = new long[input.Rank];
        for (int i = 0; i < step.Length; i++)
            step[i] = Between[i] + 1;
        return [Node.Apply(new Slice(Before, input, new IntegerList(step)), call.Upstream)];
    }

    internal override void Reference(ReferenceCall call)
    {
        double[] output = call.Outputs[0], input = call.Inputs[0];
        Array.Fill(output, Value);
        Shape from = call.InputShape(0);
        long[] strides = Strides.Of(call.OutputShape);
        var index = new long[from.Rank];
        for (int i = 0; i < input.Length; i++)
        {
            long at = 0;
            for (int axis = 0; axis < index.Length; axis++)
                at += strides[axis] * (Before[axis] + index[axis] * (Between[axis] + 1));
            output[at] = input[i];
            Strides.Advance(index, from);
        }
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>Tensors one after another along an axis; their other extents are equal.</summary>
internal sealed record Concat(int Axis) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        long[] extents = inputs[0].Shape.ToArray();
        foreach (TensorType input in inputs[1..])
        {
            bool fits = input.DType == inputs[0].DType && input.Shape.Rank == extents.Length;
            for (int i = 0; fits && i < extents.Length; i++)
                fits = i == Axis || input.Shape[i] == extents[i];
            if (!fits)
                throw new OperandException($"needs tensors of one data type that differ along axis {Axis} only.");
            extents[Axis] += input.Shape[Axis];
        }

        return [inputs[0] with { Shape = extents }];
    }

    internal override Tensor?[] Gradient(GradientCall call)
    {
        var gradients = new Tensor?[call.Inputs.Length];
        long start = 0;
        for (int i = 0; i < gradients.Length; i++)
        {
            long extent = call.Inputs[i].Shape[Axis];
            gradients[i] = call.Upstream.Narrow(Axis, start, extent);
            start += extent;
        }

        return gradients;
    }

    internal override void Reference(ReferenceCall call)
    {
        Shape shape = call.OutputShape;
        int outer = (int)shape[..Axis].ElementCount, inner = (int)shape[(Axis + 1)..].ElementCount;
        int position = 0;
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < call.Inputs.Length; i++)
            {
                int length = (int)call.InputShape(i)[Axis] * inner;
                Array.Copy(call.Inputs[i], o * length, call.Outputs[0], position, length);
                position += length;
            }
        }
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>0, 1, 2, ... along an axis, the same along all others.</summary>
internal sealed record Iota(int Axis, TensorType Filled) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs) => [Filled];

    internal override Tensor?[] Gradient(GradientCall call) => [];

    internal override string? NoGradientReason => "has no inputs";

    internal override void Reference(ReferenceCall call)
    {
        long inner = Filled.Shape[(Axis + 1)..].ElementCount, extent = Filled.Shape[Axis];
        for (long i = 0; i < call.Outputs[0].Length; i++)
            call.Outputs[0][i] = i / inner % extent;
    }

    internal override OpRecord Record => OpRecord.Standard;
}
