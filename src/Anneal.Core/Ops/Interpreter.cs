using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>Runs a graph by the definitions of its operations, one after another, in double precision. Variables are read, not written.</summary>
internal static class Interpreter
{
    /// <summary>The values of all tensors of a graph; whole numbers are kept as their type holds them, others are not rounded.</summary>
    internal static Dictionary<Tensor, double[]> Run(Graph graph, IReadOnlyList<double[]> inputs)
    {
        var values = new Dictionary<Tensor, double[]>();
        foreach (Tensor input in graph.Inputs)
            values[input] = inputs[((Input)input.Node.Op).Index];
        foreach (Node node in graph.Nodes)
        {
            if (node.Op is Input)
                continue;
            var call = new ReferenceCall(node, node.Inputs.Select(i => values[i]).ToArray());
            node.Op.Reference(call);
            for (int i = 0; i < node.Outputs.Length; i++)
                values[node.Outputs[i]] = AsStored(call.Outputs[i], node.Outputs[i].DType, wraps: node.Op is not Cast);
        }

        return values;
    }

    /// <summary>Whole numbers as their type holds them: a quotient is truncated, arithmetic wraps around, a conversion saturates.</summary>
    private static double[] AsStored(double[] values, DType dtype, bool wraps)
    {
        if (dtype is not (DType.Int32 or DType.UInt8 or DType.Int8))
            return dtype == DType.Int64 ? Array.ConvertAll(values, Math.Truncate) : values;
        (double low, double high) = dtype switch
        {
            DType.Int32 => ((double)int.MinValue, (double)int.MaxValue),
            DType.UInt8 => (0.0, 255.0),
            _ => (-128.0, 127.0),
        };
        double range = high - low + 1;
        return Array.ConvertAll(values, v =>
        {
            double whole = double.IsNaN(v) ? 0 : Math.Truncate(v);
            return !wraps || !double.IsFinite(whole) ? Math.Clamp(whole, low, high) : whole - range * Math.Floor((whole - low) / range);
        });
    }
}
