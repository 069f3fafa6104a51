using Anneal.Ops;

namespace Anneal.Planning;

/// <summary>
/// How a loop reaches the elements of a value through broadcasts, transposes and slices: element = Offset + sum of Strides[d] · index[d]
/// in the memory of <c>Source</c>, which is dense.
/// </summary>
/// <param name="Source">The value behind all views.</param>
/// <param name="Strides">Elements for each axis of the tensor that is seen.</param>
/// <param name="Offset">The element at the origin.</param>
internal sealed record View(Tensor Source, long[] Strides, long Offset)
{
    /// <summary>Where axis values of an inner tensor come from: start + scale · index[axis]; axis -1 stands for a fixed place.</summary>
    private readonly record struct AxisMap(int Axis, long Scale, long Start);

    /// <summary>Whether elements are seen one after another, as they lie in memory.</summary>
    internal bool IsDense(Shape shape) => Offset == 0 && Source.Shape.ElementCount == shape.ElementCount
        && shape.Select((extent, i) => extent == 1 || Strides[i] == Ops.Strides.Of(shape)[i]).All(same => same);

    /// <summary>Looks through the views in front of a tensor.</summary>
    internal static View Of(Tensor tensor)
    {
        int rank = tensor.Shape.Rank;
        AxisMap[] map = Enumerable.Range(0, rank).Select(i => new AxisMap(i, 1, 0)).ToArray();
        while (Step(tensor, map) is { } inner)
            (tensor, map) = (tensor.Node.Inputs[0], inner);
        long[] dense = Ops.Strides.Of(tensor.Shape);
        var strides = new long[rank];
        long offset = 0;
        for (int i = 0; i < map.Length; i++)
        {
            offset += map[i].Start * dense[i];
            if (map[i].Axis >= 0)
                strides[map[i].Axis] += map[i].Scale * dense[i];
        }

        return new View(tensor, strides, offset);
    }

    /// <summary>The map of the axes of the tensor's input, or null where the tensor is no view.</summary>
    private static AxisMap[]? Step(Tensor tensor, AxisMap[] map)
    {
        if (tensor.Node.Inputs.Length == 0)
            return null;
        Shape source = tensor.Node.Inputs[0].Shape, shape = tensor.Shape;
        var inner = new AxisMap[source.Rank];
        switch (tensor.Node.Op)
        {
            case BroadcastTo:
                int lead = shape.Rank - source.Rank;
                for (int i = 0; i < inner.Length; i++)
                    inner[i] = source[i] == shape[lead + i] ? map[lead + i] : new AxisMap(-1, 0, 0);
                return inner;
            case Transpose { Order: var order }:
                for (int i = 0; i < inner.Length; i++)
                    inner[(int)order[i]] = map[i];
                return inner;
            case Slice slice:
                for (int i = 0; i < inner.Length; i++)
                {
                    long step = slice.Step.Values[i];
                    inner[i] = new AxisMap(map[i].Axis, map[i].Scale * step, slice.Start[i] + map[i].Start * step);
                }

                return inner;
            case Reshape:
                return Regroup(source, shape, map);
            default:
                return null;
        }
    }

    /// <summary>A reshape that only adds or removes axes of extent 1 can be looked through.</summary>
    private static AxisMap[]? Regroup(Shape source, Shape shape, AxisMap[] map)
    {
        if (!source.Where(e => e != 1).SequenceEqual(shape.Where(e => e != 1)))
            return null;
        var inner = new AxisMap[source.Rank];
        int next = 0;
        for (int i = 0; i < inner.Length; i++)
        {
            if (source[i] == 1)
            {
                inner[i] = new AxisMap(-1, 0, 0);
                continue;
            }

            while (shape[next] == 1)
                next++;
            inner[i] = map[next++];
        }

        return inner;
    }

    /// <summary>The value whose memory a tensor shares: the one behind its reshapes.</summary>
    internal static Tensor Root(Tensor tensor)
    {
        while (tensor.Node.Op is Reshape)
            tensor = tensor.Node.Inputs[0];
        return tensor;
    }
}
