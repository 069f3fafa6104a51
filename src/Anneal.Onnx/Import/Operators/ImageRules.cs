namespace Anneal.Onnx;

/// <summary>Images, and other tensors, with other extents.</summary>
internal static class ImageRules
{
    // Elements along an axis, whose places are computed one by one.
    private const long MostElements = 1 << 16;

    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["Resize"] = Resize;
        rules["Upsample"] = Upsample;
    }

    private static OnnxValue[] Upsample(OnnxCall call)
    {
        Tensor x = call[0];
        double[] scales = call.OptionalNumbers("scales") ?? Numbers(call, 1);
        return [Resized(call, x, [.. Enumerable.Range(0, x.Shape.Rank)], scales, null, new ResizePlaces(call, call.Text("mode", "nearest"), "asymmetric", "floor"))];
    }

    private static OnnxValue[] Resize(OnnxCall call)
    {
        // Until version 10 the scales came first; since then a region comes before them, which only cropping uses.
        bool isFirst = call.Opset < 11;
        Tensor x = call[0];
        call.Ignore("extrapolation_value");
        if (call.Flag("antialias") || call.Text("keep_aspect_ratio_policy", "stretch") != "stretch")
            throw call.Fail("it smooths or keeps the ratio of the extents, which Anneal does not read.");
        int[] axes = call.OptionalIntegers("axes") is { } named ? [.. named.Select(a => call.Axis(a, x.Shape.Rank))] : [.. Enumerable.Range(0, x.Shape.Rank)];
        if (axes.Distinct().Count() != axes.Length)
            throw call.Fail("an axis is named twice.");
        int at = isFirst ? 1 : 2;
        bool hasScales = call.Has(at) && call.Value(at).Shape.ElementCount > 0;
        var places = new ResizePlaces(
            call, call.Text("mode", "nearest"), call.Text("coordinate_transformation_mode", isFirst ? "asymmetric" : "half_pixel"), call.Text("nearest_mode", isFirst ? "floor" : "round_prefer_floor"));
        return [Resized(call, x, axes, hasScales ? Numbers(call, at) : null, hasScales ? null : call.Integers(3, "the extents"), places)];
    }

    private static double[] Numbers(OnnxCall call, int input)
    {
        TensorData data = call.Known(input, "the scales");
        if (data.Shape.ElementCount > 64)
            throw call.Fail($"there are {data.Shape.ElementCount} scales.");
        return [.. Enumerable.Range(0, (int)data.Shape.ElementCount).Select(i => data.GetDouble(i))];
    }

    /// <summary>Axis after axis: an element is a sum of some of the input's, each with a weight.</summary>
    private static Tensor Resized(OnnxCall call, Tensor x, int[] axes, double[]? scales, long[]? extents, ResizePlaces places)
    {
        if ((scales?.Length ?? extents!.Length) != axes.Length)
            throw call.Fail($"there is not a scale or an extent for each axis of {x.Type}.");
        for (int i = 0; i < axes.Length; i++)
        {
            // Scales are single precision in the format, and places follow from them with its rounding.
            long from = x.Shape[axes[i]];
            float scale = scales is null ? (float)extents![i] / from : (float)scales[i];
            double to = scales is null ? extents![i] : Math.Floor((double)(scale * from));
            if (to == from && (scales is null || scale == 1))
                continue;
            if (!(scale > 0) || from < 1 || !(to is >= 1 and <= MostElements))
                throw call.Fail(FormattableString.Invariant($"axis {axes[i]} of {x.Type} cannot have {to} elements, by the scale {scale:R}."));
            x = Along(x, axes[i], places.Of(from, (long)to, scale));
        }

        return x;
    }

    private static Tensor Along(Tensor x, int axis, List<(long[] From, float[]? Weights)> parts)
    {
        Tensor? sum = null;
        foreach ((long[] from, float[]? weights) in parts)
        {
            Tensor part = x.Gather(axis, Tensor.From(from));
            if (weights is not null)
            {
                var along = new long[x.Shape.Rank];
                Array.Fill(along, 1);
                along[axis] = weights.Length;
                part *= Tensor.From(weights).Reshape(along).Cast(x.DType);
            }

            sum = sum is null ? part : sum + part;
        }

        return sum!;
    }
}
