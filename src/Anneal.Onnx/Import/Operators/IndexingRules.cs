using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Operators that choose elements by their places. Places below 0 are counted from the end.</summary>
internal static class IndexingRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["Gather"] = Gather;
        rules["GatherElements"] = GatherElements;
        rules["GatherND"] = GatherSlices;
        rules["ScatterElements"] = ScatterElements;
        rules["Scatter"] = ScatterElements;
        rules["ScatterND"] = ScatterSlices;
        rules["OneHot"] = OneHot;
        rules["ArgMax"] = call => [ArgMax(call, call[0])];
        rules["ArgMin"] = call => [ArgMax(call, Reversed(call[0]))];
        rules["TopK"] = TopK;
        rules["CumSum"] = CumulativeSum;
    }

    private static OnnxValue[] Gather(OnnxCall call)
    {
        Tensor x = call[0];
        int axis = call.Axis(call.Integer("axis", 0), x.Shape.Rank);
        long extent = x.Shape[axis];
        if (call.Value(1).Known is { Shape.ElementCount: 1, DType: DType.Int64 or DType.Int32 } place)
        {
            // One known place is a cut, which costs nothing.
            long at = (long)place.GetDouble(0);
            at = at < 0 ? at + extent : at;
            if (at < 0 || at >= extent)
                throw call.Fail($"axis {axis} of {x.Type} has no place {(long)place.GetDouble(0)}.");
            return [x.Narrow(axis, at, 1).Reshape(x.Shape[..axis].Concat(place.Shape).Concat(x.Shape[(axis + 1)..]))];
        }

        return [x.Gather(axis, Places(call, 1, extent))];
    }

    private static OnnxValue[] GatherElements(OnnxCall call)
    {
        Tensor x = call[0];
        int axis = call.Axis(call.Integer("axis", 0), x.Shape.Rank);
        Tensor places = Places(call, 1, x.Shape[axis]);
        return [Fitted(x, places.Shape, axis).GatherAlong(axis, places)];
    }

    /// <summary>Along other axes than the one that is chosen from, places may be fewer than elements.</summary>
    private static Tensor Fitted(Tensor x, Shape places, int axis)
    {
        for (int i = 0; i < x.Shape.Rank && i < places.Rank; i++)
        {
            if (i != axis && places[i] < x.Shape[i])
                x = x.Narrow(i, 0, places[i]);
        }

        return x;
    }

    /// <summary>Slices at places that each have as many numbers as leading axes of the tensor: rows of a table in which those are joined.</summary>
    private static OnnxValue[] GatherSlices(OnnxCall call)
    {
        Tensor x = call[0];
        int batch = (int)call.Integer("batch_dims", 0);
        Shape indices = call.Value(1).Shape;
        if (indices.Rank < 1 || batch != 0 || indices[^1] < 1 || indices[^1] > x.Shape.Rank)
            throw call.Fail($"{indices} does not name places of {x.Type}, or batch_dims is not 0, which is all that Anneal reads.");
        int depth = (int)indices[^1];
        Tensor rows = Rows(call, 1, x.Shape, depth);
        return [x.Reshape(new Shape(x.Shape[..depth].ElementCount).Concat(x.Shape[depth..])).Gather(rows)];
    }

    /// <summary>The number of the row that each place names where the first axes are joined.</summary>
    private static Tensor Rows(OnnxCall call, int input, Shape shape, int depth)
    {
        if (call.Value(input).Known is { } known)
            RequireWithin(call, known, shape, depth);
        Tensor indices = call[input].Cast(DType.Int64);
        Tensor? rows = null;
        for (int i = 0; i < depth; i++)
        {
            Tensor part = indices.Narrow(-1, i, 1).Reshape(indices.Shape[..^1]);
            part = Tensor.Select(part.LessThan(0), part + shape[i], part);
            rows = rows is null ? part : rows * shape[i] + part;
        }

        return rows!;
    }

    private static void RequireWithin(OnnxCall call, TensorData indices, Shape shape, int depth)
    {
        for (long i = 0; i < indices.Shape.ElementCount; i++)
        {
            int axis = (int)(i % depth);
            double at = indices.GetDouble(i);
            if (!(at >= -shape[axis] && at < shape[axis]))
                throw call.Fail($"axis {axis} of {shape} has no place {at}.");
        }
    }

    private static OnnxValue[] ScatterElements(OnnxCall call)
    {
        Tensor x = call[0], values = call[2];
        int axis = call.Axis(call.Integer("axis", 0), x.Shape.Rank);
        Tensor places = Places(call, 1, x.Shape[axis]);
        for (int i = 0; i < x.Shape.Rank && i < places.Shape.Rank; i++)
        {
            if (i != axis && places.Shape[i] != x.Shape[i])
                throw call.Fail($"places {places.Shape} leave parts of {x.Type} out along axis {i}, which Anneal does not read.");
        }

        return [Scattered(call, x, values, v => Node.Apply(new ScatterAddAlong(axis, x.Shape), places, v))];
    }

    private static OnnxValue[] ScatterSlices(OnnxCall call)
    {
        Tensor x = call[0], values = call[2];
        Shape indices = call.Value(1).Shape;
        if (indices.Rank < 1 || indices[^1] < 1 || indices[^1] > x.Shape.Rank)
            throw call.Fail($"{indices} does not name places of {x.Type}.");
        int depth = (int)indices[^1];
        Shape table = new Shape(x.Shape[..depth].ElementCount).Concat(x.Shape[depth..]);
        Tensor rows = Rows(call, 1, x.Shape, depth);
        return [Scattered(call, x.Reshape(table), values, v => Node.Apply(new ScatterAdd(table), rows, v)).Reshape(x.Shape)];
    }

    /// <summary>Values put, or added, in their places. Where two are put in one place the format leaves open which one counts; here it is their mean.</summary>
    private static Tensor Scattered(OnnxCall call, Tensor x, Tensor values, Func<Tensor, Tensor> scatter)
    {
        string reduction = call.Text("reduction", "none");
        if (reduction == "add")
            return x + scatter(values);
        if (reduction != "none")
            throw call.Fail($"the reduction is '{reduction}', but Anneal has none and add.");
        DType dtype = values.DType == DType.Bool ? DType.Int32 : values.DType;
        Tensor counts = scatter(Tensor.Full(values.Shape, 1, dtype)), hit = counts.GreaterThan(0);
        Tensor put = scatter(values.Cast(dtype)) / Tensor.Select(hit, counts, counts.FillLike(1));
        return Tensor.Select(hit, put.Cast(x.DType), x);
    }

    private static OnnxValue[] OneHot(OnnxCall call)
    {
        Tensor indices = call[0].Cast(DType.Int64);
        double depth = call.KnownNumber(1, "the number of classes");
        if (!(depth is >= 1 and <= int.MaxValue))
            throw call.Fail($"there are no {depth} classes.");
        Tensor values = call[2], off = values.Narrow(0, 0, 1).Reshape(Shape.Scalar), on = values.Narrow(0, 1, 1).Reshape(Shape.Scalar);
        int rank = indices.Shape.Rank, axis = call.Axis(call.Integer("axis", -1), rank + 1);
        Tensor places = Tensor.Select(indices.LessThan(0), indices + depth, indices);
        Tensor hot = Tensor.Select(places.ExpandAxis(-1).EqualTo(Tensor.Range((long)depth, DType.Int64)), on, off);
        return [axis == rank ? hot : hot.Transpose([.. Enumerable.Range(0, axis), rank, .. Enumerable.Range(axis, rank - axis)])];
    }

    /// <summary>The same elements in the opposite order. Of whole numbers the least has no negative, and those without sign have none.</summary>
    private static Tensor Reversed(Tensor x) => x.DType.IsFloating() ? -x : -1 - (x.DType is DType.UInt8 or DType.Bool ? x.Cast(DType.Int32) : x);

    private static Tensor ArgMax(OnnxCall call, Tensor x)
    {
        int axis = call.Axis(call.Integer("axis", 0), x.Shape.Rank);
        Tensor places = call.Flag("select_last_index") ? x.Shape[axis] - 1 - x.Flip(axis).ArgMax(axis).Cast(DType.Int64) : x.ArgMax(axis).Cast(DType.Int64);
        return call.Flag("keepdims", true) ? places.ExpandAxis(axis) : places;
    }

    private static OnnxValue[] TopK(OnnxCall call)
    {
        Tensor x = call[0];
        int axis = call.Axis(call.Integer("axis", -1), x.Shape.Rank);
        long count = call.Has(1) ? (long)call.KnownNumber(1, "k") : call.Integer("k");
        call.Ignore("sorted");
        if (count < 0 || count > x.Shape[axis])
            throw call.Fail($"axis {axis} of {x.Type} has no first {count}.");
        Tensor places = Node.Apply(new ArgSort(axis, call.Flag("largest", true), count), x);
        return [x.GatherAlong(axis, places), places.Cast(DType.Int64)];
    }

    private static OnnxValue[] CumulativeSum(OnnxCall call)
    {
        Tensor x = call[0];
        int axis = call.Axis((long)call.KnownNumber(1, "the axis"), x.Shape.Rank);
        return [x.CumulativeSum(axis, call.Flag("exclusive"), call.Flag("reverse"))];
    }

    /// <summary>Places along an axis, counted from the first.</summary>
    private static Tensor Places(OnnxCall call, int input, long extent)
    {
        OnnxValue value = call.Value(input);
        if (value.Type.DType is not (DType.Int32 or DType.Int64))
            throw call.Fail($"places must be of int32 or int64, not {value.Type}.");
        if (value.Known is not { } known)
        {
            Tensor places = value.Tensor;
            BuildScope.Current?.RequireIndices(places, extent, call.Node.Title, -extent);
            return Tensor.Select(places.LessThan(0), places + extent, places);
        }

        var counted = new TensorData(known.Type);
        for (long i = 0; i < known.Shape.ElementCount; i++)
        {
            double at = known.GetDouble(i);
            counted.SetDouble(i, at < 0 ? at + extent : at);
            if (!(counted.GetDouble(i) >= 0 && counted.GetDouble(i) < extent))
                throw call.Fail($"there is no place {at} among {extent}.");
        }

        return Tensor.From(counted);
    }
}
