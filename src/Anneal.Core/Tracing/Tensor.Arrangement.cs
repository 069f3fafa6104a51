using System.Runtime.CompilerServices;
using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>Operations that arrange elements, and those that fold axes.</content>
public sealed partial class Tensor
{
    /// <summary>The same elements in the same order under another shape; one extent may be -1, to be worked out.</summary>
    [OverloadResolutionPriority(1)]
    public Tensor Reshape(params ReadOnlySpan<long> extents)
    {
        long[] to = extents.ToArray();
        int open = Array.IndexOf(to, -1);
        if (open >= 0)
        {
            long known = 1;
            for (int i = 0; i < to.Length; i++)
                known *= i == open ? 1 : to[i];
            if (known <= 0 || Shape.ElementCount % known != 0)
                throw new ShapeException($"Reshape: {Type} does not divide into [{string.Join(", ", to)}].");
            to[open] = Shape.ElementCount / known;
        }

        return Reshape(new Shape(to));
    }

    /// <summary>The same elements in the same order under another shape.</summary>
    public Tensor Reshape(Shape shape) => shape == Shape ? this : Node.Apply(new Reshape(shape), this);

    /// <summary>All axes from <paramref name="firstAxis"/> on joined into one.</summary>
    public Tensor Flatten(int firstAxis = 0)
    {
        int axis = Shape.Rank == 0 ? 0 : Shape.Axis(firstAxis);
        return Reshape(Shape[..axis].Concat(Shape[axis..].ElementCount));
    }

    /// <summary>Axes in another order: axis i of the result is axis <c>order[i]</c> of this tensor. Without an order, reversed.</summary>
    public Tensor Transpose(params int[] order)
    {
        ArgumentNullException.ThrowIfNull(order);
        int[] full = order.Length > 0 ? order : Enumerable.Range(0, Shape.Rank).Reverse().ToArray();
        return Node.Apply(new Transpose(new Shape(full.Select(a => (long)Shape.Axis(a)).ToArray())), this);
    }

    /// <summary>Repeats axes of extent 1, and adds leading axes, to reach a shape.</summary>
    public Tensor BroadcastTo(Shape shape) => shape == Shape ? this : Node.Apply(new BroadcastTo(shape), this);

    /// <summary>Adds the axes that broadcasting to this shape added, so that the result has the given shape.</summary>
    internal Tensor SumTo(Shape shape)
    {
        int lead = Shape.Rank - shape.Rank;
        int[] repeated = [.. Enumerable.Range(0, Shape.Rank).Where(i => i < lead || (shape[i - lead] == 1 && Shape[i] != 1))];
        return repeated.Length == 0 ? Reshape(shape) : Sum(repeated).Reshape(shape);
    }

    /// <summary>Every <paramref name="step"/>-th of the elements <paramref name="start"/> to <paramref name="stop"/> (exclusive) of each axis.</summary>
    public Tensor Slice(ReadOnlySpan<long> start, ReadOnlySpan<long> stop, ReadOnlySpan<long> step = default)
    {
        if (start.Length != Shape.Rank || stop.Length != Shape.Rank || (step.Length != 0 && step.Length != Shape.Rank))
            throw new ShapeException($"Slice: {Type} needs a start and a stop for each of its {Shape.Rank} axes.");
        var extent = new long[Shape.Rank];
        var steps = new long[Shape.Rank];
        for (int i = 0; i < extent.Length; i++)
        {
            steps[i] = step.Length == 0 ? 1 : step[i];
            if (start[i] < 0 || stop[i] < 0 || stop[i] > Shape[i] || steps[i] < 1)
                throw new ShapeException($"Slice: axis {i} of {Type} cannot be cut from {start[i]} to {stop[i]} in steps of {steps[i]}.");
            extent[i] = stop[i] <= start[i] ? 0 : (stop[i] - start[i] + steps[i] - 1) / steps[i];
        }

        return Node.Apply(new Slice(new Shape(start), extent, new IntegerList(steps)), this);
    }

    /// <summary><paramref name="length"/> elements of one axis, from <paramref name="start"/> on.</summary>
    public Tensor Narrow(int axis, long start, long length)
    {
        axis = Shape.Axis(axis);
        if (length < 0)
            throw new ShapeException($"Narrow: the length must be at least 0, not {length}.");
        var from = new long[Shape.Rank];
        long[] to = Shape.ToArray();
        (from[axis], to[axis]) = (start, start + length);
        return Slice(from, to);
    }

    /// <summary>An axis in reverse.</summary>
    public Tensor Flip(int axis)
    {
        axis = Shape.Axis(axis);
        if (Shape[axis] == 0)
            return this;
        var start = new long[Shape.Rank];
        long[] step = Enumerable.Repeat(1L, Shape.Rank).ToArray();
        (start[axis], step[axis]) = (Shape[axis] - 1, -1);
        return Node.Apply(new Slice(start, Shape, new IntegerList(step)), this);
    }

    /// <summary>Surrounds the tensor with a constant.</summary>
    public Tensor Pad(ReadOnlySpan<long> before, ReadOnlySpan<long> after, double value = 0) =>
        Node.Apply(new Pad(new Shape(before), new Shape(after), new long[Shape.Rank], RoundTo(DType, value)), this);

    /// <summary>Tensors one after another along an axis.</summary>
    public static Tensor Concat(int axis, params ReadOnlySpan<Tensor> tensors)
    {
        if (tensors.Length == 0)
            throw new ShapeException("Concat needs at least one tensor.");
        return tensors.Length == 1 ? tensors[0] : Node.Apply(new Concat(tensors[0].Shape.Axis(axis)), tensors);
    }

    /// <summary>Tensors of one shape side by side along a new axis.</summary>
    public static Tensor Stack(int axis, params ReadOnlySpan<Tensor> tensors)
    {
        var raised = new Tensor[tensors.Length];
        for (int i = 0; i < raised.Length; i++)
            raised[i] = tensors[i].ExpandAxis(axis);
        return Concat(axis, raised);
    }

    /// <summary>Adds an axis of extent 1.</summary>
    public Tensor ExpandAxis(int axis)
    {
        int at = axis < 0 ? axis + Shape.Rank + 1 : axis;
        if ((uint)at > (uint)Shape.Rank)
            throw new ShapeException($"{Type} cannot take a new axis {axis}.");
        return Reshape(Shape[..at].Concat(1).Concat(Shape[at..]));
    }

    /// <summary>The sum over axes; over all of them where none is given.</summary>
    public Tensor Sum(ReadOnlySpan<int> axes = default, bool keepAxes = false) => Fold((first, count) => new Sum(first, count), axes, keepAxes);

    /// <summary>The mean over axes; over all of them where none is given.</summary>
    public Tensor Mean(ReadOnlySpan<int> axes = default, bool keepAxes = false)
    {
        // Rounded to 16 bits once, at the end: a sum of many halves may be more than they can hold.
        if (DType is DType.Float16 or DType.BFloat16)
            return Cast(DType.Float32).Mean(axes, keepAxes).Cast(DType);
        Tensor sum = Sum(axes, keepAxes);
        return sum * (sum.Shape.ElementCount / (double)Shape.ElementCount);
    }

    /// <summary>The product over axes; over all of them where none is given.</summary>
    public Tensor Product(ReadOnlySpan<int> axes = default, bool keepAxes = false) =>
        Fold((first, count) => new Product(first, count), axes, keepAxes);

    /// <summary>The largest element over axes; over all of them where none is given. Equal ones share the gradient evenly.</summary>
    public Tensor Max(ReadOnlySpan<int> axes = default, bool keepAxes = false) => FoldAtOnce((first, count) => new Max(first, count), axes, keepAxes);

    /// <summary>The smallest element over axes; over all of them where none is given. Equal ones share the gradient evenly.</summary>
    public Tensor Min(ReadOnlySpan<int> axes = default, bool keepAxes = false) => FoldAtOnce((first, count) => new Min(first, count), axes, keepAxes);

    /// <summary>The position of the largest element along an axis, as int32; the first of equal ones.</summary>
    public Tensor ArgMax(int axis = -1) => Node.Apply(new ArgMax(Shape.Axis(axis)), this);

    /// <summary>exp(x) / sum of exp(x) along an axis, without overflow.</summary>
    public Tensor Softmax(int axis = -1)
    {
        Tensor x = StopGradient();
        Tensor e = Exp(x - x.Max([axis], keepAxes: true));
        return Node.Apply(new Softmaxed(Shape.Axis(axis)), e / e.Sum([axis], keepAxes: true), this);
    }

    /// <summary>The logarithm of the softmax along an axis, without overflow.</summary>
    public Tensor LogSoftmax(int axis = -1)
    {
        Tensor shifted = this - Max([axis], keepAxes: true).StopGradient();
        return shifted - Log(Exp(shifted).Sum([axis], keepAxes: true));
    }

    /// <summary>
    /// The matrix product <c>[..., m, k]</c> by <c>[..., k, n]</c>. Leading axes are broadcast; an operand of one axis is a row on the left
    /// and a column on the right, and its axis vanishes from the result.
    /// </summary>
    public Tensor MatMul(Tensor other, bool transposeSelf = false, bool transposeOther = false)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Shape.Rank == 0 || other.Shape.Rank == 0)
            throw new ShapeException($"MatMul: needs tensors with at least one axis, got {Type} and {other.Type}.");
        if (Shape.Rank == 1 && other.Shape.Rank == 1)
            return ExpandAxis(0).MatMul(other.ExpandAxis(1)).Reshape(Shape.Scalar);
        if (Shape.Rank == 1)
            return Squeeze(ExpandAxis(0).MatMul(other, false, transposeOther), -2);
        if (other.Shape.Rank == 1)
            return Squeeze(MatMul(other.ExpandAxis(1), transposeSelf), -1);
        if (other.Shape.Rank == 2 && Shape.Rank > 2 && !transposeSelf)
        {
            // One tall product instead of a stack of them: the weights are packed once.
            Tensor flat = Reshape(Shape[..^1].ElementCount, Shape[^1]).MatMul(other, false, transposeOther);
            return flat.Reshape(Shape[..^1].Concat(flat.Shape[^1]));
        }

        Shape lead = CommonShape("MatMul", Shape[..^2], other.Shape[..^2]);
        return Ops.MatMul.Product(
            BroadcastTo(lead.Concat(Shape[^2..])), other.BroadcastTo(lead.Concat(other.Shape[^2..])), transposeSelf, transposeOther);
    }

    /// <summary>Rows of this table <c>[rows, ...]</c> at int32 or int64 indices <c>[...]</c>.</summary>
    public Tensor Gather(Tensor indices) => Node.Apply(new Gather(), this, indices);

    /// <summary>One element along an axis for each index; the other axes of the two are equal.</summary>
    public Tensor GatherAlong(int axis, Tensor indices) => Node.Apply(new GatherAlong(Shape.Axis(axis)), this, indices);

    /// <summary>A new last axis of <paramref name="classes"/> that is 1 at the index and 0 elsewhere.</summary>
    public Tensor OneHot(long classes, DType dtype = DType.Float32)
    {
        // 8 bits may be too few to count the classes.
        Tensor indices = DType is DType.Int8 or DType.UInt8 ? Cast(DType.Int32) : this;
        return indices.ExpandAxis(-1).EqualTo(Range(classes, indices.DType)).Cast(dtype);
    }

    private static Tensor Squeeze(Tensor x, int axis)
    {
        int at = x.Shape.Axis(axis);
        return x.Reshape(x.Shape[..at].Concat(x.Shape[(at + 1)..]));
    }

    private Tensor Fold(Func<int, int, ReductionOp> make, ReadOnlySpan<int> axes, bool keepAxes)
    {
        bool[] folded = FoldedAxes(axes);
        Tensor result = this;

        // Runs of neighbouring axes are folded together, the innermost run first; axes of extent 1 need no folding.
        for (int last = Shape.Rank - 1; last >= 0; last--)
        {
            if (!folded[last])
                continue;
            int first = last;
            while (first > 0 && folded[first - 1])
                first--;
            result = Node.Apply(make(first, last - first + 1), result);
            last = first;
        }

        return keepAxes ? KeepAxes(result, folded) : result;
    }

    /// <summary>
    /// Folds axes that lie apart in one go: run after run, equal extremes would share a gradient unevenly, first between the runs and then
    /// within each.
    /// </summary>
    private Tensor FoldAtOnce(Func<int, int, ReductionOp> make, ReadOnlySpan<int> axes, bool keepAxes)
    {
        bool[] folded = FoldedAxes(axes);
        int[] gone = [.. Enumerable.Range(0, Shape.Rank).Where(a => folded[a])];
        if (gone.Length == 0 || gone[^1] - gone[0] == gone.Length - 1)
            return Fold(make, axes, keepAxes);
        int[] left = [.. Enumerable.Range(0, Shape.Rank).Where(a => !folded[a])];
        Tensor result = Node.Apply(make(left.Length, gone.Length), Transpose([.. left, .. gone]));
        return keepAxes ? KeepAxes(result, folded) : result;
    }

    private bool[] FoldedAxes(ReadOnlySpan<int> axes)
    {
        var folded = new bool[Shape.Rank];
        foreach (int axis in axes)
            folded[Shape.Axis(axis)] = true;
        if (axes.Length == 0)
            Array.Fill(folded, true);
        return folded;
    }

    /// <summary>A result with the folded axes as axes of extent 1.</summary>
    private Tensor KeepAxes(Tensor result, bool[] folded)
    {
        long[] kept = Shape.ToArray();
        for (int i = 0; i < kept.Length; i++)
            kept[i] = folded[i] ? 1 : kept[i];
        return result.Reshape(new Shape(kept));
    }
}
