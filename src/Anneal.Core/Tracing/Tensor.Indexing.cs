using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>Operations that choose elements by their place.</content>
public sealed partial class Tensor
{
    /// <summary>Slices of an axis at int32 or int64 indices: the shape of the indices takes the place of the axis.</summary>
    public Tensor Gather(int axis, Tensor indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        axis = Shape.Axis(axis);
        if (axis == 0)
            return Gather(indices);
        Tensor first = Transpose([axis, .. Enumerable.Range(0, Shape.Rank).Where(a => a != axis)]);
        int taken = indices.Shape.Rank;
        int[] order = [.. Enumerable.Range(taken, axis), .. Enumerable.Range(0, taken), .. Enumerable.Range(taken + axis, Shape.Rank - axis - 1)];
        return first.Gather(indices).Transpose(order);
    }

    /// <summary>
    /// This tensor with each of <paramref name="values"/> added at the place along an axis that its index names. The shapes of all three are
    /// equal except along the axis; indices out of range are left out.
    /// </summary>
    public Tensor ScatterAddAlong(int axis, Tensor indices, Tensor values) =>
        this + Node.Apply(new ScatterAddAlong(Shape.Axis(axis), Shape), indices, values);

    /// <summary>
    /// The lower triangle of the last two axes: 0 above a diagonal, counted from the main one (1 is the one to its right, -1 to its left).
    /// </summary>
    public Tensor Tril(long diagonal = 0)
    {
        if (Shape.Rank < 2)
            throw new ShapeException($"Tril: needs at least two axes, got {Type}.");
        Tensor rows = Range(Shape[^2], DType.Int64).ExpandAxis(-1), columns = Range(Shape[^1], DType.Int64);
        return Select(columns.LessOrEqual(rows + diagonal), this, FillLike(0));
    }

    /// <summary>Surrounds the tensor with its own mirror image; the outermost elements are not repeated.</summary>
    /// <param name="before">How many elements go before each axis; less than its extent.</param>
    /// <param name="after">How many elements go after each axis; less than its extent.</param>
    public Tensor PadReflect(ReadOnlySpan<long> before, ReadOnlySpan<long> after)
    {
        if (before.Length != Shape.Rank || after.Length != Shape.Rank)
            throw new ShapeException($"PadReflect: {Type} needs a width before and after each of its {Shape.Rank} axes.");
        Tensor result = this;
        for (int axis = 0; axis < before.Length; axis++)
        {
            long extent = Shape[axis];
            if (Math.Min(before[axis], after[axis]) < 0 || Math.Max(before[axis], after[axis]) >= Math.Max(extent, 1))
                throw new ShapeException($"PadReflect: axis {axis} of {Type} cannot be mirrored by {before[axis]} and {after[axis]}: widths are at least 0 and less than its extent.");
            if (before[axis] == 0 && after[axis] == 0)
                continue;
            Tensor left = result.Narrow(axis, Math.Min(1, extent), before[axis]).Flip(axis);
            Tensor right = result.Narrow(axis, extent - 1 - after[axis], after[axis]).Flip(axis);
            result = Concat(axis, left, result, right);
        }

        return result;
    }
}
