namespace Anneal.Onnx;

/// <summary>Normalizations.</summary>
internal static class NormalizationRules
{
    // A window of so many channels is written out term by term.
    private const long MostChannels = 256;

    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["BatchNormalization"] = BatchNormalization;
        rules["LayerNormalization"] = LayerNormalization;
        rules["RMSNormalization"] = RmsNormalization;
        rules["InstanceNormalization"] = InstanceNormalization;
        rules["GroupNormalization"] = GroupNormalization;
        rules["LpNormalization"] = LpNormalization;
        rules["MeanVarianceNormalization"] = MeanVariance;
        rules["LRN"] = LocalResponse;
    }

    private static OnnxValue[] BatchNormalization(OnnxCall call)
    {
        Tensor x = call[0];
        call.Ignore("momentum");
        if (call.Flag("training_mode") || call.HasOutput(1))
            throw call.Fail("it normalizes with the statistics of the batch (training_mode), which Anneal does not read. Hint: export the model for inference.");
        if (!call.Flag("spatial", true) || x.Shape.Rank < 2)
            throw call.Fail($"it does not normalize channels of [batch, channels, ...], but of {x.Type}.");
        return [x.BatchNormWith(1, call[3], call[4], call[1], call[2], call.Number("epsilon", 1e-5))];
    }

    private static OnnxValue[] LayerNormalization(OnnxCall call)
    {
        Tensor x = call[0];
        int[] axes = Trailing(call, x);
        if (call.HasOutput(1) || call.HasOutput(2))
            throw call.Fail("its mean or deviation is asked for, which Anneal does not give.");
        return [x.LayerNorm(axes, call.Optional(1), call.Optional(2), call.Number("epsilon", 1e-5))];
    }

    private static OnnxValue[] RmsNormalization(OnnxCall call)
    {
        Tensor x = call[0];
        int[] axes = Trailing(call, x);
        return [x.RmsNorm(axes, call.Optional(1), call.Number("epsilon", 1e-5))];
    }

    private static int[] Trailing(OnnxCall call, Tensor x)
    {
        // Statistics are in single precision at least, whatever the type.
        call.Ignore("stash_type");
        int first = call.Axis(call.Integer("axis", -1), x.Shape.Rank);
        return [.. Enumerable.Range(first, x.Shape.Rank - first)];
    }

    private static OnnxValue[] InstanceNormalization(OnnxCall call)
    {
        Tensor x = call[0];
        if (x.Shape.Rank < 3)
            throw call.Fail($"it needs [batch, channels, ...], not {x.Type}.");
        int[] axes = [.. Enumerable.Range(2, x.Shape.Rank - 2)];
        return [x.LayerNorm(axes, ForChannels(x, call[1]), ForChannels(x, call[2]), call.Number("epsilon", 1e-5))];
    }

    /// <summary>Until version 21 scale and offset were given for each group, then for each channel.</summary>
    private static OnnxValue[] GroupNormalization(OnnxCall call)
    {
        Tensor x = call[0], scale = call[1], offset = call[2];
        long groups = call.Integer("num_groups");
        call.Ignore("stash_type");
        if (x.Shape.Rank < 3 || groups < 1 || x.Shape[1] % groups != 0)
            throw call.Fail($"{groups} groups do not divide the channels of {x.Type}.");
        Tensor grouped = x.Reshape(new Shape(x.Shape[0], groups, x.Shape[1] / groups).Concat(x.Shape[2..]));
        int[] axes = [.. Enumerable.Range(2, grouped.Shape.Rank - 2)];
        bool perGroup = call.Opset < 21 && scale.Shape == groups && groups != x.Shape[1];
        double epsilon = call.Number("epsilon", 1e-5);
        if (perGroup)
            return [grouped.LayerNorm(axes, ForChannels(grouped, scale), ForChannels(grouped, offset), epsilon).Reshape(x.Shape)];
        return [grouped.LayerNorm(axes, null, null, epsilon).Reshape(x.Shape) * ForChannels(x, scale) + ForChannels(x, offset)];
    }

    private static OnnxValue[] LpNormalization(OnnxCall call)
    {
        Tensor x = call[0];
        int axis = call.Axis(call.Integer("axis", -1), x.Shape.Rank);
        Tensor norm = call.Integer("p", 2) switch
        {
            1 => Tensor.Abs(x).Sum([axis], keepAxes: true),
            2 => x.Norm([axis], keepAxes: true),
            var other => throw call.Fail($"p is {other}, but the format has 1 and 2."),
        };
        return [x / Tensor.Select(norm.EqualTo(0), norm.FillLike(1), norm)];
    }

    private static OnnxValue[] MeanVariance(OnnxCall call)
    {
        Tensor x = call[0];
        int[] axes = call.Axes(call.OptionalIntegers("axes") ?? [0, 2, 3], x.Shape.Rank);
        Tensor apart = x - x.Mean(axes, keepAxes: true);
        double count = axes.Aggregate(1.0, (product, a) => product * x.Shape[a]);

        // As the format defines it: what keeps the quotient finite is added to the deviation, not to the variance.
        return [apart / (apart.Norm(axes, keepAxes: true) * (1 / Math.Sqrt(count)) + 1e-9)];
    }

    private static OnnxValue[] LocalResponse(OnnxCall call)
    {
        Tensor x = call[0];
        long size = call.Integer("size");
        if (x.Shape.Rank < 3 || size is < 1 or > MostChannels)
            throw call.Fail($"a window of {size} channels does not fit {x.Type}.");
        var before = new long[x.Shape.Rank];
        var after = new long[x.Shape.Rank];
        (before[1], after[1]) = ((size - 1) / 2, size / 2);
        Tensor squares = Tensor.Square(x).Pad(before, after), sum = squares.Narrow(1, 0, x.Shape[1]);
        for (long i = 1; i < size; i++)
            sum += squares.Narrow(1, i, x.Shape[1]);
        return [x / Tensor.Pow(sum * (call.Number("alpha", 1e-4) / size) + call.Number("bias", 1), call.Number("beta", 0.75))];
    }

    /// <summary>Values <c>[channels]</c> in a shape that broadcasts along axis 1.</summary>
    private static Tensor ForChannels(Tensor x, Tensor values)
    {
        var extents = new long[x.Shape.Rank - 1];
        Array.Fill(extents, 1);
        extents[0] = values.Shape.ElementCount;
        return values.Reshape(extents);
    }
}
