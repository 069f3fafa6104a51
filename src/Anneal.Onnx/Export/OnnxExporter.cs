using Anneal.Graphs;
using Anneal.Passes;

namespace Anneal.Onnx;

/// <summary>Writes models as ONNX graphs, which other software runs.</summary>
public static class OnnxExporter
{
    /// <summary>The version of ONNX's operators in the files.</summary>
    public const int Opset = 17;

    private const int IrVersion = 8;

    /// <summary>
    /// Writes the graph by which a model infers. Before the file takes its place the graph is run and compared with the model; where they lie further apart than
    /// the tolerance, what was there stays. The certificate of the comparison is written beside the file, as <c>PATH.parity.json</c>.
    /// </summary>
    /// <param name="model">The model, built.</param>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="options">Null for the defaults: any number of examples, a difference of at most 1e-5, compared by reading the file back.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ModelException">The model is not built, and the options do not say for which inputs.</exception>
    /// <exception cref="OnnxExportException">An operation has no counterpart in ONNX, or depends on the number of examples in a way that has none; it is named.</exception>
    /// <exception cref="ParityException">The graph does not give what the model gives, within the tolerance; there is no new file.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static OnnxExportReport Export(Model model, string path, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new OnnxExportOptions();
        if (options.InputTypes is not null)
            model.EnsureBuilt([.. options.InputTypes]);
        else
            model.RequireBuilt();
        TensorType[] types = [.. options.InputTypes ?? model.InputTypes!];
        options.Check(types.Length);
        OnnxFile file = ToFile(model, types, options, path);
        return new ExportTarget(path, file, options.SeparateValues).Write(written => ExportParity.Check(model, types, written, options, path));
    }

    /// <summary>The graph by which a model infers.</summary>
    internal static OnnxFile ToFile(Model model, TensorType[] types, OnnxExportOptions options, string name)
    {
        BatchPair batch = options.BatchSize is { } count ? new BatchPair(count, count) : BatchPair.Any;
        Graph first = TraceInference(model, types, batch.First), second = batch.Second == batch.First ? first : TraceInference(model, types, batch.Second);
        string[] inputs = [.. options.InputNames ?? Numbered("input", types.Length)], outputs = [.. options.OutputNames ?? Numbered("output", first.Outputs.Length)];
        if (outputs.Length != first.Outputs.Length)
            throw new OptionException($"{nameof(OnnxExportOptions)}: expected a name for each of {first.Outputs.Length} outputs, but found {outputs.Length}.");
        return ToFile(first, second, batch, inputs, outputs, model.NamedVariables().Where(v => v.IsTrained).Select(v => v.Variable).ToHashSet(), name);
    }

    /// <summary>A traced graph as a file.</summary>
    internal static OnnxFile ToFile(Graph first, Graph second, BatchPair batch, string[] inputs, string[] outputs, IReadOnlySet<Variable> trained, string name)
    {
        (OnnxGraph graph, IReadOnlyList<string> weights) = OnnxEmitter.Emit(first, second, batch, inputs, outputs, trained);
        var file = new OnnxFile { Name = name, IrVersion = IrVersion, Producer = "Anneal", Graph = graph };
        file.Opsets[""] = Opset;
        file.Metadata[ParameterRoles.TrainedKey] = string.Join('\n', weights);
        return file;
    }

    private static Graph TraceInference(Model model, TensorType[] types, long count)
    {
        Graph graph = Graph.Of(model.Name, [.. types.Select(t => LayerCall.Batched(t, count))], arguments =>
        {
            using var scope = new BuildScope();
            Tensor[] outputs = model.ApplyAll(arguments);
            scope.Complete();
            foreach (Tensor output in outputs)
                LayerCall.Single(output.Type, count, model);
            return outputs;
        });
        if (graph.Updates.Length > 0)
            throw new OnnxExportException("An assignment", model.Name, $"changes {graph.Updates[0].Variable.Name} while the model infers, which a graph of ONNX cannot.");
        return Pipeline.Optimize(graph);
    }

    private static string[] Numbered(string stem, int count) =>
        count == 1 ? [stem] : [.. Enumerable.Range(0, count).Select(i => FormattableString.Invariant($"{stem}_{i}"))];
}
