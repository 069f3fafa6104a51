namespace Anneal.Onnx;

/// <summary>How a model is written as an ONNX graph.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>The types of one example of each input; null is those that the model was built with. Another length of texts is stated here.</summary>
    public IReadOnlyList<TensorType>? InputTypes { get; init; }

    /// <summary>The number of examples that the graph takes; null is any number, which other software gives when it runs the graph. At least 1.</summary>
    public long? BatchSize { get; init; }

    /// <summary>The names of the inputs; null is <c>input</c>, or <c>input_0</c>, <c>input_1</c> and so on where there are several.</summary>
    public IReadOnlyList<string>? InputNames { get; init; }

    /// <summary>The names of the outputs; null is <c>output</c>, or <c>output_0</c>, <c>output_1</c> and so on where there are several.</summary>
    public IReadOnlyList<string>? OutputNames { get; init; }

    /// <summary>
    /// On what model and graph are compared before the file is written; null is numbers drawn from [-1, 1), and whole numbers drawn from those that the
    /// model's tables have.
    /// </summary>
    public IReadOnlyList<ParitySample>? Samples { get; init; }

    /// <summary>How far graph and model may differ. The default allows 1e-5 of the largest absolute number of an output, or of 1 where that is less.</summary>
    public ParityTolerance Tolerance { get; init; } = new() { LargestDifference = 1e-5, LeastScale = 1 };

    /// <summary>Whether to finish also where the tolerance is not met; the certificate beside the file says so.</summary>
    public bool AllowsOutsideTolerance { get; init; }

    /// <summary>
    /// Runs the graph for the comparison: from the path of a file and inputs to outputs, both in the order of the graph. Give it to compare the model with the
    /// software that will run the graph, such as ONNX Runtime. Null reads the file back and runs it here.
    /// </summary>
    public Func<string, IReadOnlyList<TensorData>, IReadOnlyList<TensorData>>? Runtime { get; init; }

    /// <summary>Whether values of weights go to a file of their own, named after the graph's with <c>.data</c>. Those of more than 2 GB always do: the format demands it.</summary>
    public bool SeparateValues { get; init; }

    /// <exception cref="OptionException">An option is out of range.</exception>
    internal void Check(int inputs)
    {
        if (BatchSize is < 1)
            throw new OptionException($"{nameof(OnnxExportOptions)}: {nameof(BatchSize)} must be at least 1, but is {BatchSize}.");
        Tolerance.Check();
        if (InputNames is not null && InputNames.Count != inputs)
            throw new OptionException($"{nameof(OnnxExportOptions)}: expected a name for each of {inputs} inputs, but found {InputNames.Count}.");
        if (Samples?.FirstOrDefault(s => s.Inputs.Count != inputs) is { } other)
            throw new OptionException($"{nameof(OnnxExportOptions)}: expected {inputs} inputs in each sample, but found {other.Inputs.Count}.");
        RequireNames(InputNames, nameof(InputNames));
        RequireNames(OutputNames, nameof(OutputNames));
    }

    private static void RequireNames(IReadOnlyList<string>? names, string option)
    {
        if (names is not null && (names.Any(string.IsNullOrEmpty) || names.Distinct().Count() != names.Count))
            throw new OptionException($"{nameof(OnnxExportOptions)}: {option} must be different and not empty, but are {string.Join(", ", names)}.");
    }
}

/// <summary>What was written.</summary>
/// <param name="Path">The file.</param>
/// <param name="NodeCount">The nodes of the graph, those of graphs within nodes included.</param>
/// <param name="ByteCount">The bytes of the file and of the one with its values.</param>
/// <param name="Certificate">How the graph compares with the model, as in the certificate that lies beside the file.</param>
public sealed record OnnxExportReport(string Path, int NodeCount, long ByteCount, ParityCertificate Certificate);
