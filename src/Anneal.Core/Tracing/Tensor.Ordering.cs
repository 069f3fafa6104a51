using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <content>Operations along an ordered axis: running sums, sorting and the largest elements.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// The sums along an axis up to and including each element. The shape stays. Terms are added in the order of the axis; a float32 result
    /// is the double-precision sum, rounded once.
    /// </summary>
    /// <param name="axis">The axis, counted from the end where it is negative.</param>
    /// <param name="exclusive">Whether each sum leaves its own element out, so that the first one is 0.</param>
    /// <param name="reverse">Whether sums begin at the end of the axis.</param>
    public Tensor CumulativeSum(int axis = -1, bool exclusive = false, bool reverse = false) =>
        Node.Apply(new CumulativeSum(Shape.Axis(axis), exclusive, reverse), this);

    /// <summary>
    /// The positions of the elements of an axis in the order of their values, as int32 of the same shape. Equal elements keep their order
    /// (0 and -0 are equal); a NaN comes last, whether ascending or descending.
    /// </summary>
    /// <param name="axis">The axis, counted from the end where it is negative.</param>
    /// <param name="descending">Whether the largest comes first.</param>
    public Tensor ArgSort(int axis = -1, bool descending = false)
    {
        axis = Shape.Axis(axis);
        return Node.Apply(new ArgSort(axis, descending, Shape[axis]), this);
    }

    /// <summary>
    /// The elements of an axis in the order of their values, and their positions before (int32), both of this tensor's shape. Equal elements
    /// keep their order (0 and -0 are equal); a NaN comes last, whether ascending or descending. Gradients go back to where values came from.
    /// </summary>
    /// <param name="axis">The axis, counted from the end where it is negative.</param>
    /// <param name="descending">Whether the largest comes first.</param>
    public (Tensor Values, Tensor Indices) Sort(int axis = -1, bool descending = false)
    {
        Tensor indices = ArgSort(axis, descending);
        return (GatherAlong(axis, indices), indices);
    }

    /// <summary>
    /// The <paramref name="k"/> largest elements of an axis, the largest first, and their positions (int32): the axis has the extent
    /// <paramref name="k"/> in both. Of equal elements those that stand first are taken; a NaN counts as less than any number. Gradients go
    /// back to where values came from.
    /// </summary>
    /// <param name="k">How many; at least 0 and at most the extent of the axis.</param>
    /// <param name="axis">The axis, counted from the end where it is negative.</param>
    /// <exception cref="ShapeException">The axis has fewer elements.</exception>
    public (Tensor Values, Tensor Indices) TopK(long k, int axis = -1)
    {
        axis = Shape.Axis(axis);
        if (k < 0 || k > Shape[axis])
            throw new ShapeException($"TopK: axis {axis} of {Type} has {Shape[axis]} elements, of which {k} cannot be taken.");
        Tensor indices = Node.Apply(new ArgSort(axis, Descending: true, k), this);
        return (GatherAlong(axis, indices), indices);
    }
}
