using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Compares a model with the graph that was written for it, read back.</summary>
internal static class ParityCheck
{
    // Two numbers of examples show a graph that fits one of them alone.
    private static readonly long[] Counts = [2, 5];
    private const int TextMask = 2;

    /// <summary>The largest difference.</summary>
    /// <exception cref="OnnxParityException">It is more than the options allow.</exception>
    internal static double Run(Model model, TensorType[] types, OnnxModel written, OnnxExportOptions options, string path)
    {
        double largest = 0;
        foreach (TensorData[] inputs in Samples(model, types, options))
        {
            TensorData[] expected = model.PredictAll(new ArrayDataset([.. inputs], []), (int)inputs[0].Shape[0]);
            TensorData[] found = written.Infer(inputs);
            for (int i = 0; i < expected.Length; i++)
                largest = Worse(largest, Difference(expected[i], found[i]));
        }

        // Written so that what is no number fails.
        return options.Tolerance == double.PositiveInfinity || largest <= options.Tolerance ? largest : throw new OnnxParityException(path, largest, options.Tolerance);
    }

    /// <summary>The largest absolute difference, as a share of the largest absolute number that is expected, or of 1 where that is less.</summary>
    internal static double Difference(TensorData expected, TensorData found)
    {
        if (expected.Type != found.Type)
            return double.NaN;
        double scale = 1, largest = 0;
        for (long i = 0; i < expected.Shape.ElementCount; i++)
        {
            (double a, double b) = (expected.GetDouble(i), found.GetDouble(i));
            if (a.Equals(b))
                continue;
            scale = double.IsFinite(a) ? Math.Max(scale, Math.Abs(a)) : scale;
            largest = Worse(largest, Math.Abs(a - b));
        }

        return largest / scale;
    }

    private static double Worse(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? double.NaN : Math.Max(a, b);

    private static IEnumerable<TensorData[]> Samples(Model model, TensorType[] types, OnnxExportOptions options)
    {
        if (options.Sample is { } given)
            return [[.. given]];
        long[] limits = Limits(model, types);
        long[] counts = options.BatchSize is { } fixedCount ? [fixedCount] : Counts;
        return counts.Select(count => types.Select((t, i) => Draw(LayerCall.Batched(t, count), limits[i], (ulong)i)).ToArray());
    }

    /// <summary>How many rows the tables have that whole numbers of an input name; masks have two values.</summary>
    private static long[] Limits(Model model, TensorType[] types)
    {
        long[] limits = [.. types.Select(_ => (long)TextMask)];
        using var trace = new Trace("limits of " + model.Name, training: false);
        Tensor[] inputs = [.. types.Select((t, i) => trace.AddInput(LayerCall.Batched(t, 2), $"{i}"))];
        using var scope = new BuildScope();
        model.ApplyAll(inputs);
        scope.Complete();
        foreach (IGrouping<int, IndexCheck> checks in scope.IndexChecks.GroupBy(c => c.Input))
            limits[checks.Key] = checks.Min(c => c.Limit);
        return limits;
    }

    private static TensorData Draw(TensorType type, long limit, ulong stream)
    {
        var data = new TensorData(type);
        for (long i = 0; i < type.Shape.ElementCount; i++)
        {
            double uniform = Philox.Uniform(1, stream, 0, i);
            data.SetDouble(i, type.DType.IsFloating() ? 2 * uniform - 1 : Math.Floor(uniform * limit));
        }

        return data;
    }
}
