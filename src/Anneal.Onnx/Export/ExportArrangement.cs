using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Operations that arrange elements, and numbers in a row.</summary>
internal static class ExportArrangement
{
    internal static void Register(Dictionary<Type, ExportRule> rules)
    {
        rules[typeof(Ops.Reshape)] = (e, n) => e.Result(n, "Reshape", [e.Name(n.Input(0)), Target(e, n)], AllowZero(n.Output.Shape));
        rules[typeof(Transpose)] = (e, n) => e.Result(n, "Transpose", [e.Name(n.Input(0))], Attributes.Of("perm", ((Transpose)n.Op).Order.Extents));
        rules[typeof(Slice)] = Cut;
        rules[typeof(Pad)] = Surround;
        rules[typeof(Concat)] = (e, n) => e.Result(n, "Concat", [.. n.First.Inputs.Select(e.Name)], Attributes.Of("axis", ((Concat)n.Op).Axis));
        rules[typeof(Iota)] = Count;
    }

    private static ReadOnlySpan<OnnxAttribute> AllowZero(Shape to) => to.Contains(0) ? new[] { Attributes.Of("allowzero", 1) } : [];

    /// <summary>The shape of a result. The one extent that follows from the number of examples is left to be worked out.</summary>
    internal static string Target(OnnxEmitter e, NodePair n)
    {
        Extent[] to = e.Extents(n, n.Output);
        int open = Array.FindIndex(to, t => !t.IsFixed);
        if (open >= 0 && to.Count(t => !t.IsFixed) == 1 && !n.Output.Shape.Contains(0))
            to[open] = -1;
        return e.Integers(to);
    }

    private static void Cut(OnnxEmitter e, NodePair n)
    {
        (Slice first, Slice second) = n.Ops<Slice>();
        Extent[] input = e.Extents(n, n.Input(0)), output = e.Extents(n, n.Output);
        List<Extent> starts = [], ends = [];
        List<long> axes = [], steps = [];
        for (int i = 0; i < output.Length; i++)
        {
            long step = first.Step.Values[i];
            Extent start = e.Between(n, first.Start[i], second.Start[i]);
            if (step == 1 && start == 0 && input[i] == output[i])
                continue;
            axes.Add(i);
            steps.Add(step);
            starts.Add(start);
            long end = first.Start[i] + first.Extent[i] * step, other = second.Start[i] + second.Extent[i] * step;

            // Before the first element there is no place to name but one far below 0.
            ends.Add(first.Extent[i] == 0 ? start : end < 0 ? long.MinValue / 2 : e.Between(n, end, other));
        }

        string x = e.Name(n.Input(0));
        if (axes.Count == 0)
            e.Alias(n.Output, x);
        else
            e.Result(n, "Slice", [x, e.Integers([.. starts]), e.Integers([.. ends]), e.Integers([.. axes]), e.Integers([.. steps])]);
    }

    private static void Surround(OnnxEmitter e, NodePair n)
    {
        (Pad first, Pad second) = n.Ops<Pad>();
        string x = e.Name(n.Input(0)), value = e.Number(first.Value, n.Output.DType);
        Extent[] extents = e.Extents(n, n.Input(0));
        for (int axis = 0; axis < extents.Length; axis++)
        {
            if (first.Between[axis] > 0 && extents[axis] is not { Factor: 0, Offset: <= 1 })
                x = Spread(e, n, x, extents, axis, first.Between[axis], value);
        }

        Extent[] before = [.. first.Before.Select((w, i) => e.Between(n, w, second.Before[i]))];
        Extent[] after = [.. first.After.Select((w, i) => e.Between(n, w, second.After[i]))];
        e.Result(n, "Pad", [x, e.Integers([.. before, .. after]), value]);
    }

    /// <summary>A constant between neighbours: it follows each element on an axis of its own, and the last of it is cut off.</summary>
    private static string Spread(OnnxEmitter e, NodePair n, string x, Extent[] extents, int axis, long gap, string value)
    {
        var widths = new long[2 * (extents.Length + 1)];
        widths[extents.Length + 1 + axis + 1] = gap;
        Extent extent = extents[axis];
        string apart = e.Step(n, "Pad", [e.Step(n, "Unsqueeze", [x, e.Integers(axis + 1)]), e.Integers(widths), value]);
        extents[axis] = new Extent(extent.Factor * (gap + 1), extent.Offset * (gap + 1));
        string joined = e.Step(n, "Reshape", [apart, e.Integers(extents)], AllowZero(n.Output.Shape));
        extents[axis] = extents[axis] with { Offset = extents[axis].Offset - gap };
        return e.Step(n, "Slice", [joined, e.Integers(0), e.Integers([extents[axis]]), e.Integers(axis), e.Integers(1)]);
    }

    private static void Count(OnnxEmitter e, NodePair n)
    {
        Iota iota = (Iota)n.Op;
        Extent[] to = e.Extents(n, n.Output);
        string none = e.Integers(0), limit = e.Step(n, "Squeeze", [e.Integers([to[iota.Axis]]), none]);
        string range = e.Step(n, "Range", [e.Number(0, DType.Int64), limit, e.Number(1, DType.Int64)]);
        if (n.Output.DType != DType.Int64)
            range = e.Step(n, "Cast", [range], Attributes.Of("to", OnnxTypes.Of(n.Output.DType)));
        if (to.Length == 1)
        {
            e.Alias(n.Output, range);
            return;
        }

        var along = new long[to.Length];
        Array.Fill(along, 1);
        along[iota.Axis] = n.Output.Shape[iota.Axis] == 0 ? 0 : -1;
        string row = e.Step(n, "Reshape", [range, e.Integers(along)], AllowZero(n.Output.Shape));
        to[iota.Axis] = 1;
        e.Result(n, "Expand", [row, e.Integers(to)]);
    }
}
