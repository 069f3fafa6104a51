namespace Anneal.Onnx;

/// <summary>Images with other extents.</summary>
internal static class ImageRules
{
    // Rows or columns, whose places are computed one by one.
    private const long MostPixels = 1 << 16;

    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["Resize"] = Resize;
        rules["Upsample"] = Upsample;
    }

    private static OnnxValue[] Upsample(OnnxCall call)
    {
        double[] scales = call.OptionalNumbers("scales") ?? Numbers(call, 1);
        return [Resized(call, call[0], Extents(call, scales), call.Text("mode", "nearest"), "asymmetric", "floor")];
    }

    private static OnnxValue[] Resize(OnnxCall call)
    {
        // Until version 10 the scales came first; since then a region comes before them, which only cropping uses.
        bool isFirst = call.Opset < 11;
        Tensor x = call[0];
        call.Ignore("cubic_coeff_a");
        call.Ignore("exclude_outside");
        call.Ignore("extrapolation_value");
        if (call.Flag("antialias") || call.HasAttribute("axes") || call.Text("keep_aspect_ratio_policy", "stretch") != "stretch")
            throw call.Fail("it smooths, has axes of its own or keeps the ratio of the extents, which Anneal does not read.");
        int at = isFirst ? 1 : 2;
        bool hasScales = call.Has(at) && call.Value(at).Shape.ElementCount > 0;
        long[] extents = hasScales ? Extents(call, Numbers(call, at)) : call.Integers(3, "the extents");
        string mode = call.Text("mode", "nearest"), rule = call.Text("coordinate_transformation_mode", isFirst ? "asymmetric" : "half_pixel");
        return [Resized(call, x, extents, mode, rule, call.Text("nearest_mode", isFirst ? "floor" : "round_prefer_floor"))];
    }

    private static double[] Numbers(OnnxCall call, int input)
    {
        TensorData data = call.Known(input, "the scales");
        if (data.Shape.ElementCount > 64)
            throw call.Fail($"there are {data.Shape.ElementCount} scales.");
        return [.. Enumerable.Range(0, (int)data.Shape.ElementCount).Select(i => data.GetDouble(i))];
    }

    private static long[] Extents(OnnxCall call, double[] scales)
    {
        Shape shape = call.Value(0).Shape;
        if (scales.Length != shape.Rank || scales.Any(s => !(s > 0 && s < 1 << 20)))
            throw call.Fail($"there is not a scale above 0 for each axis of {shape}.");
        return [.. scales.Select((s, i) => (long)Math.Floor(shape[i] * s))];
    }

    private static Tensor Resized(OnnxCall call, Tensor x, long[] extents, string mode, string rule, string nearest)
    {
        bool fits = x.Shape.Rank == 4 && extents.Length == 4 && extents[0] == x.Shape[0] && extents[1] == x.Shape[1] && extents[2] is > 0 and <= MostPixels && extents[3] is > 0 and <= MostPixels;
        if (!fits)
            throw call.Fail($"Anneal resizes rows and columns of [batch, channels, height, width], not {x.Type} to [{string.Join(", ", extents.Take(8))}].");
        Tensor image = x.Transpose(0, 2, 3, 1);
        bool isWhole = extents[2] % x.Shape[2] == 0 && extents[3] % x.Shape[3] == 0;
        Tensor result = (mode, rule) switch
        {
            ("nearest", "asymmetric") when nearest == "floor" || isWhole && nearest == "round_prefer_floor" && extents[2] == x.Shape[2] && extents[3] == x.Shape[3] => image.ResizeNearest(extents[2], extents[3]),
            ("nearest", "half_pixel" or "pytorch_half_pixel") when isWhole && nearest is "round_prefer_floor" or "round_prefer_ceil" => image.ResizeNearest(extents[2], extents[3]),
            ("linear", "half_pixel") => image.ResizeBilinear(extents[2], extents[3]),
            ("linear", "pytorch_half_pixel") when extents[2] > 1 && extents[3] > 1 => image.ResizeBilinear(extents[2], extents[3]),
            ("linear", "align_corners") => image.ResizeBilinear(extents[2], extents[3], alignCorners: true),
            _ => throw call.Fail($"Anneal does not resize by the mode '{mode}' with the places '{rule}' and '{nearest}'."),
        };
        return result.Transpose(0, 3, 1, 2);
    }
}
