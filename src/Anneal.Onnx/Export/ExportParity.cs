using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Compares a model with the graph that was written for it.</summary>
internal static class ExportParity
{
    // Two numbers of examples show a graph that fits one of them alone.
    private static readonly long[] Counts = [2, 5];
    private const int TextMask = 2;

    /// <summary>The certificate of a written graph.</summary>
    /// <param name="model">The model.</param>
    /// <param name="types">The types of one example of each input.</param>
    /// <param name="written">Where the graph lies.</param>
    /// <param name="options">How it is compared.</param>
    /// <param name="path">Where it will lie, for messages.</param>
    /// <exception cref="ParityException">The two lie further apart than the options allow.</exception>
    internal static ParityCertificate Check(Model model, TensorType[] types, string written, OnnxExportOptions options, string path)
    {
        Func<IReadOnlyList<TensorData>, IReadOnlyList<TensorData>> original = Parity.OutputsOf(model), exported;
        if (options.Runtime is { } runtime)
        {
            exported = inputs => runtime(written, inputs);
        }
        else
        {
            OnnxModel back = OnnxModel.Import(written);
            exported = inputs => back.Infer([.. inputs]);
        }

        IEnumerable<ParitySample> samples = options.Samples ?? Samples(model, types, options).Select(s => new ParitySample(s));
        ParityCertificate certificate = Parity.CheckAll(inputs => Numbers(original(inputs)), inputs => Numbers(exported(inputs)), samples, options.Tolerance);
        return certificate.Passed || options.AllowsOutsideTolerance ? certificate : throw new ParityException(path, certificate);
    }

    /// <summary>Outputs as the numbers that a certificate compares: classes and truth values too.</summary>
    private static IReadOnlyList<TensorData> Numbers(IReadOnlyList<TensorData> outputs) =>
        [.. outputs.Select(o => o.DType == DType.Float32 ? o : Tensor.From(o).Cast(DType.Float32).Evaluate())];

    private static IEnumerable<TensorData[]> Samples(Model model, TensorType[] types, OnnxExportOptions options)
    {
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
