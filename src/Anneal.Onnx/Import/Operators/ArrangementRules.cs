namespace Anneal.Onnx;

/// <summary>Operators that arrange elements, make constants and say shapes.</summary>
internal static class ArrangementRules
{
    private const long MostPadding = 1L << 40;

    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["Constant"] = Constant;
        rules["ConstantOfShape"] = ConstantOfShape;
        rules["Shape"] = ShapeOf;
        rules["Size"] = call => [TensorData.Scalar(call.Value(0).Shape.ElementCount)];
        rules["Range"] = Range;
        rules["EyeLike"] = EyeLike;
        rules["Reshape"] = Reshape;
        rules["Flatten"] = Flatten;
        rules["Squeeze"] = Squeeze;
        rules["Unsqueeze"] = Unsqueeze;
        rules["Transpose"] = Transpose;
        rules["Concat"] = call => [Tensor.Concat(call.Axis(call.Integer("axis"), call.Value(0).Shape.Rank), [.. Enumerable.Range(0, call.Count).Select(i => call[i])])];
        rules["Split"] = Split;
        rules["Slice"] = Slice;
        rules["Expand"] = Expand;
        rules["Tile"] = Tile;
        rules["Pad"] = Pad;
        rules["Trilu"] = Trilu;
        rules["DepthToSpace"] = DepthToSpace;
        rules["SpaceToDepth"] = SpaceToDepth;
    }

    private static OnnxValue[] Constant(OnnxCall call)
    {
        if (call.OptionalTensor("value") is { } tensor)
            return [call.Interpreter.ValueOf(tensor)];
        if (call.HasAttribute("value_float"))
            return [TensorData.Scalar((float)call.Number("value_float", 0))];
        if (call.HasAttribute("value_int"))
            return [TensorData.Scalar(call.Integer("value_int"))];
        if (call.OptionalNumbers("value_floats") is { } numbers)
            return [TensorData.From(Array.ConvertAll(numbers, n => (float)n))];
        return [TensorData.From(call.OptionalIntegers("value_ints") ?? throw call.Fail("it has no value of numbers."))];
    }

    private static OnnxValue[] ConstantOfShape(OnnxCall call)
    {
        Shape shape = call.ShapeOf(call.Integers(0, "the shape"));
        if (call.OptionalTensor("value") is not { } tensor)
            return [Tensor.Zeros(shape)];
        TensorData value = call.Interpreter.ValueOf(tensor).Known!;
        if (value.Shape.ElementCount != 1)
            throw call.Fail($"the value must be one number, but is {value.Type}.");
        return [Tensor.Full(shape, value.GetDouble(0), value.DType)];
    }

    private static OnnxValue[] ShapeOf(OnnxCall call)
    {
        Shape shape = call.Value(0).Shape;
        long start = Within(call.Integer("start", 0), shape.Rank), end = Within(call.Integer("end", shape.Rank), shape.Rank);
        return [TensorData.From(start < end ? shape.ToArray()[(int)start..(int)end] : [])];
    }

    private static long Within(long at, long extent) => Math.Clamp(at < 0 ? at + extent : at, 0, extent);

    private static OnnxValue[] Range(OnnxCall call)
    {
        double start = call.KnownNumber(0, "the start"), limit = call.KnownNumber(1, "the end"), step = call.KnownNumber(2, "the step");
        DType dtype = call.Value(0).Type.DType;
        double count = Math.Max(0, Math.Ceiling((limit - start) / step));
        if (!(count <= int.MaxValue))
            throw call.Fail("it has no number of elements, or too many.");
        Tensor range = Tensor.Range((long)count, dtype);
        return [dtype.IsFloating() || step != 1 || start != 0 ? range * step + start : range];
    }

    private static OnnxValue[] EyeLike(OnnxCall call)
    {
        TensorType like = call.Value(0).Type;
        if (like.Shape.Rank != 2)
            throw call.Fail($"it needs a matrix, not {like}.");
        DType dtype = call.HasAttribute("dtype") ? call.TypeOf(call.Integer("dtype")) : like.DType;
        Tensor rows = Tensor.Range(like.Shape[0], DType.Int64).ExpandAxis(-1), columns = Tensor.Range(like.Shape[1], DType.Int64);
        return [columns.EqualTo(rows + call.Integer("k", 0)).Cast(dtype)];
    }

    private static OnnxValue[] Reshape(OnnxCall call)
    {
        Tensor x = call[0];
        long[] to = call.IntegersOrInput("shape", 1) ?? throw call.Fail("the shape is missing.");
        bool zeroIsZero = call.Flag("allowzero");
        if (to.Length > 64 || to.Any(e => e < -1) || to.Count(e => e == -1) > 1)
            throw call.Fail($"[{string.Join(", ", to.Take(64))}] is no shape.");
        for (int i = 0; i < to.Length; i++)
        {
            if (to[i] == 0 && !zeroIsZero)
                to[i] = i < x.Shape.Rank ? x.Shape[i] : throw call.Fail($"axis {i} cannot be kept: {x.Type} has none.");
        }

        return [x.Reshape(to)];
    }

    private static OnnxValue[] Flatten(OnnxCall call)
    {
        Tensor x = call[0];
        long axis = call.Integer("axis", 1);
        int at = axis == x.Shape.Rank ? x.Shape.Rank : call.Axis(axis, x.Shape.Rank);
        return [x.Reshape(x.Shape[..at].ElementCount, x.Shape[at..].ElementCount)];
    }

    private static OnnxValue[] Squeeze(OnnxCall call)
    {
        Tensor x = call[0];
        int[] gone = call.IntegersOrInput("axes", 1) is { } axes
            ? call.Axes(axes, x.Shape.Rank)
            : [.. Enumerable.Range(0, x.Shape.Rank).Where(a => x.Shape[a] == 1)];
        if (gone.Any(a => x.Shape[a] != 1))
            throw call.Fail($"{x.Type} has more than one element along an axis that is taken away.");
        return [x.Reshape(new Shape([.. Enumerable.Range(0, x.Shape.Rank).Except(gone).Select(a => x.Shape[a])]))];
    }

    private static OnnxValue[] Unsqueeze(OnnxCall call)
    {
        Tensor x = call[0];
        long[] axes = call.IntegersOrInput("axes", 1) ?? throw call.Fail("the axes are missing.");
        var extents = x.Shape.ToArray().ToList();
        foreach (int axis in call.Axes(axes, x.Shape.Rank + axes.Length))
            extents.Insert(axis, 1);
        return [x.Reshape(new Shape([.. extents]))];
    }

    private static OnnxValue[] Transpose(OnnxCall call)
    {
        Tensor x = call[0];
        if (call.OptionalIntegers("perm") is not { } order)
            return [x.Shape.Rank < 2 ? x : x.Transpose()];
        return [order.Length == 0 ? x : x.Transpose([.. order.Select(a => call.Axis(a, x.Shape.Rank))])];
    }

    private static OnnxValue[] Split(OnnxCall call)
    {
        Tensor x = call[0];
        int axis = call.Axis(call.Integer("axis", 0), x.Shape.Rank), parts = call.Node.Outputs.Count;
        long extent = x.Shape[axis];
        long[]? sizes = call.IntegersOrInput("split", 1);
        if (sizes is null)
        {
            parts = (int)Math.Min(call.Integer("num_outputs", parts), parts);
            long each = (extent + parts - 1) / Math.Max(parts, 1);
            sizes = [.. Enumerable.Range(0, parts).Select(i => Math.Clamp(extent - i * each, 0, each))];
        }

        if (sizes.Length != call.Node.Outputs.Count || sizes.Any(s => s < 0 || s > extent) || sizes.Sum() != extent)
            throw call.Fail($"{call.Node.Outputs.Count} parts of [{string.Join(", ", sizes.Take(64))}] do not make up axis {axis} of {x.Type}.");
        var results = new OnnxValue[sizes.Length];
        long start = 0;
        for (int i = 0; i < sizes.Length; i++)
        {
            results[i] = x.Narrow(axis, start, sizes[i]);
            start += sizes[i];
        }

        return results;
    }

    private static OnnxValue[] Slice(OnnxCall call)
    {
        Tensor x = call[0];
        long[] starts = call.IntegersOrInput("starts", 1) ?? throw call.Fail("the starts are missing."), ends = call.IntegersOrInput("ends", 2) ?? throw call.Fail("the ends are missing.");
        long[] axes = call.IntegersOrInput("axes", 3) ?? [.. Enumerable.Range(0, starts.Length)];
        long[] steps = call.Has(4) ? call.Integers(4, "the steps") : [.. starts.Select(_ => 1L)];
        if (starts.Length != ends.Length || starts.Length != axes.Length || starts.Length != steps.Length)
            throw call.Fail("starts, ends, axes and steps are not as many of each.");
        call.Axes(axes, x.Shape.Rank);
        for (int i = 0; i < starts.Length; i++)
            x = Cut(call, x, call.Axis(axes[i], x.Shape.Rank), starts[i], ends[i], steps[i]);
        return [x];
    }

    /// <summary>Bounds that lie outside are moved to the ends. Unlike in Python, a start before the first element is moved to it also where steps go back.</summary>
    private static Tensor Cut(OnnxCall call, Tensor x, int axis, long start, long end, long step)
    {
        long extent = x.Shape[axis];
        if (step == 0 || step == long.MinValue)
            throw call.Fail("a step is 0 or has no opposite.");
        bool back = step < 0;
        long first = start < 0 ? Math.Max(start, -extent - 1) + extent : start, last = end < 0 ? Math.Max(end, -extent - 1) + extent : end;
        (first, last) = back
            ? (Math.Clamp(first, 0, Math.Max(extent - 1, 0)), Math.Clamp(last, -1, extent - 1))
            : (Math.Clamp(first, 0, extent), Math.Clamp(last, 0, extent));
        if (extent == 0 || (back ? first <= last : first >= last))
            return x.Narrow(axis, 0, 0);
        var from = new long[x.Shape.Rank];
        long[] to = x.Shape.ToArray(), by = [.. Enumerable.Repeat(1L, x.Shape.Rank)];
        if (!back)
        {
            (from[axis], to[axis], by[axis]) = (first, last, Math.Min(step, extent));
            return x.Slice(from, to, by);
        }

        // Backwards from the first is forwards in the mirror.
        (from[axis], to[axis], by[axis]) = (extent - 1 - first, extent - 1 - last, Math.Min(-step, extent));
        return x.Flip(axis).Slice(from, to, by);
    }

    private static OnnxValue[] Expand(OnnxCall call)
    {
        Tensor x = call[0];
        Shape to = call.ShapeOf(call.Integers(1, "the shape"));
        return [x.BroadcastTo(Shape.Broadcast(x.Shape, to) ?? throw call.Fail($"{x.Type} does not expand to {to}."))];
    }

    private static OnnxValue[] Tile(OnnxCall call)
    {
        Tensor x = call[0];
        long[] times = call.Integers(1, "the repeats");
        if (times.Length != x.Shape.Rank || times.Any(t => t < 0))
            throw call.Fail($"[{string.Join(", ", times.Take(64))}] does not say how often each axis of {x.Type} is repeated.");
        var apart = new List<long>();
        var repeated = new List<long>();
        var joined = new List<long>();
        for (int i = 0; i < times.Length; i++)
        {
            apart.AddRange([1, x.Shape[i]]);
            repeated.AddRange([times[i], x.Shape[i]]);
            joined.Add(times[i] <= (1L << 62) / Math.Max(x.Shape[i], 1) ? times[i] * x.Shape[i] : throw call.Fail($"axis {i} of {x.Type} cannot be repeated {times[i]} times."));
        }

        return [x.Reshape(new Shape([.. apart])).BroadcastTo(new Shape([.. repeated])).Reshape(new Shape([.. joined]))];
    }

    private static OnnxValue[] Pad(OnnxCall call)
    {
        Tensor x = call[0];
        long[] widths = call.IntegersOrInput("pads", 1) ?? throw call.Fail("the widths are missing.");
        double value = call.Has(2) ? call.KnownNumber(2, "the value") : call.Number("value", 0);
        int[] axes = call.Has(3) ? [.. call.Integers(3, "the axes").Select(a => call.Axis(a, x.Shape.Rank))] : [.. Enumerable.Range(0, x.Shape.Rank)];
        if (widths.Length != 2 * axes.Length || axes.Distinct().Count() != axes.Length)
            throw call.Fail($"{widths.Length} widths are given for {axes.Length} different axes.");
        if (widths.Any(w => Math.Abs((double)w) > MostPadding))
            throw call.Fail(FormattableString.Invariant($"[{string.Join(", ", widths.Take(8))}] has a width of more than {MostPadding}."));
        var before = new long[x.Shape.Rank];
        var after = new long[x.Shape.Rank];
        for (int i = 0; i < axes.Length; i++)
            (before[axes[i]], after[axes[i]]) = (widths[i], widths[i + axes.Length]);

        // Negative widths cut.
        for (int axis = 0; axis < before.Length; axis++)
        {
            long cutBefore = Math.Max(0, -before[axis]), cutAfter = Math.Max(0, -after[axis]);
            if (cutBefore + cutAfter > 0)
                x = x.Narrow(axis, cutBefore, x.Shape[axis] - cutBefore - cutAfter);
            (before[axis], after[axis]) = (Math.Max(0, before[axis]), Math.Max(0, after[axis]));
        }

        return
        [
            call.Text("mode", "constant") switch
            {
                "constant" => x.Pad(before, after, value),
                "reflect" => x.PadReflect(before, after),
                "edge" => PadEdge(x, before, after),
                var other => throw call.Fail($"the mode is '{other}', but Anneal has constant, reflect and edge."),
            },
        ];
    }

    private static Tensor PadEdge(Tensor x, long[] before, long[] after)
    {
        for (int axis = 0; axis < before.Length; axis++)
        {
            if (before[axis] == 0 && after[axis] == 0)
                continue;
            long[] low = x.Shape.ToArray(), high = x.Shape.ToArray();
            (low[axis], high[axis]) = (before[axis], after[axis]);
            x = Tensor.Concat(axis, x.Narrow(axis, 0, 1).BroadcastTo(low), x, x.Narrow(axis, x.Shape[axis] - 1, 1).BroadcastTo(high));
        }

        return x;
    }

    private static OnnxValue[] Trilu(OnnxCall call)
    {
        Tensor x = call[0];
        long diagonal = call.Has(1) ? (long)call.KnownNumber(1, "the diagonal") : 0;
        if (Math.Abs(diagonal) > int.MaxValue || x.Shape.Rank < 2)
            throw call.Fail($"it has no diagonal {diagonal} of {x.Type}.");
        if (!call.Flag("upper", true))
            return [x.Tril(diagonal)];
        Tensor rows = Tensor.Range(x.Shape[^2], DType.Int64).ExpandAxis(-1), columns = Tensor.Range(x.Shape[^1], DType.Int64);
        return [Tensor.Select(columns.GreaterOrEqual(rows + diagonal), x, x.FillLike(0))];
    }

    private static OnnxValue[] DepthToSpace(OnnxCall call)
    {
        Tensor x = call[0];
        long block = Block(call, x), depth = x.Shape[1] / (block * block), height = x.Shape[2], width = x.Shape[3];
        if (depth * block * block != x.Shape[1])
            throw call.Fail($"the channels of {x.Type} do not divide into blocks of {block}.");
        Tensor apart = call.Text("mode", "DCR") switch
        {
            "DCR" => x.Reshape(x.Shape[0], block, block, depth, height, width).Transpose(0, 3, 4, 1, 5, 2),
            "CRD" => x.Reshape(x.Shape[0], depth, block, block, height, width).Transpose(0, 1, 4, 2, 5, 3),
            var other => throw call.Fail($"the mode is '{other}', but the format has DCR and CRD."),
        };
        return [apart.Reshape(x.Shape[0], depth, height * block, width * block)];
    }

    private static OnnxValue[] SpaceToDepth(OnnxCall call)
    {
        Tensor x = call[0];
        long block = Block(call, x), height = x.Shape[2] / block, width = x.Shape[3] / block;
        if (height * block != x.Shape[2] || width * block != x.Shape[3])
            throw call.Fail($"{x.Type} does not divide into blocks of {block}.");
        Tensor apart = x.Reshape(x.Shape[0], x.Shape[1], height, block, width, block).Transpose(0, 3, 5, 1, 2, 4);
        return [apart.Reshape(x.Shape[0], x.Shape[1] * block * block, height, width)];
    }

    private static long Block(OnnxCall call, Tensor x)
    {
        long block = call.Integer("blocksize");
        return x.Shape.Rank == 4 && block is >= 1 and <= 1 << 15 ? block : throw call.Fail($"it needs an image [batch, channels, height, width] and blocks of at least 1, not {x.Type} and {block}.");
    }
}
