using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>Records a traced graph again, with other values in place of its inputs and variables.</summary>
internal static class Replay
{
    /// <summary>Records the nodes of a graph in the trace that is open, and returns what its outputs have become. Updates are left out.</summary>
    /// <param name="graph">What to record.</param>
    /// <param name="inputs">What stands for each input.</param>
    /// <param name="variables">What stands for variables; the others are read as they are.</param>
    internal static Tensor[] Outputs(Graph graph, Tensor[] inputs, IReadOnlyDictionary<Variable, Tensor> variables)
    {
        var replaced = new Dictionary<Tensor, Tensor>();
        foreach (Node node in graph.Nodes)
        {
            Tensor[] outputs = node.Op switch
            {
                Input input => [inputs[input.Index]],
                ReadVariable read when variables.TryGetValue(read.Variable, out Tensor? given) => [given],
                _ => Node.Record(node.Op, [.. node.Inputs.Select(i => replaced[i])]),
            };
            for (int i = 0; i < outputs.Length; i++)
                replaced[node.Outputs[i]] = outputs[i];
        }

        return [.. graph.Outputs.Select(o => replaced[o])];
    }

    /// <summary>
    /// A graph that computes in another floating-point type throughout: inputs, constants and conversions to float32 become that type,
    /// variables and random numbers are converted as soon as they are read.
    /// </summary>
    internal static Graph InType(Graph graph, DType dtype)
    {
        TensorType Changed(TensorType type) => type.DType == DType.Float32 ? type with { DType = dtype } : type;
        return Graph.Of($"{graph.Name} in {dtype.Name()}", graph.Inputs.Select(i => Changed(i.Type)).ToArray(), arguments =>
        {
            var replaced = new Dictionary<Tensor, Tensor>();
            foreach (Node node in graph.Nodes)
            {
                Tensor[] inputs = [.. node.Inputs.Select(i => replaced[i])];
                Tensor[] outputs = node.Op switch
                {
                    Input input => [arguments[input.Index]],
                    Constant { Filled.DType: DType.Float32 } constant => [Tensor.Full(constant.Filled.Shape, constant.Value, dtype)],
                    Iota { Filled.DType: DType.Float32 } iota => Node.Record(iota with { Filled = Changed(iota.Filled) }),
                    Cast { To: DType.Float32 } => [inputs[0].Cast(dtype)],
                    Scan scan => Node.Record(ScanCases.As(scan, dtype), inputs),
                    _ => [.. Node.Record(node.Op, inputs).Select(o => o.DType == DType.Float32 ? o.Cast(dtype) : o)],
                };
                for (int i = 0; i < outputs.Length; i++)
                    replaced[node.Outputs[i]] = outputs[i];
            }

            return [.. graph.Outputs.Select(o => replaced[o])];
        });
    }
}
