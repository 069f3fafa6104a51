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

    /// <summary>
    /// Whole numbers as their type holds them: a quotient is truncated, and one by zero is 0; arithmetic wraps around, a conversion saturates,
    /// and what is no number becomes 0. Doubles hold what is below 2^53 exactly: products beyond that lose their last digits, also where they
    /// would wrap around to a small number.
    /// </summary>
    private static double[] AsStored(double[] values, DType dtype, bool wraps)
    {
        if (!dtype.IsInteger())
            return values;
        (double low, double high) = dtype switch
        {
            DType.Int64 => (long.MinValue, long.MaxValue),
            DType.Int32 => (int.MinValue, int.MaxValue),
            DType.UInt8 => (byte.MinValue, byte.MaxValue),
            _ => ((double)sbyte.MinValue, (double)sbyte.MaxValue),
        };
        double range = high - low + 1;
        return Array.ConvertAll(values, v =>
        {
            if (double.IsNaN(v) || (wraps && double.IsInfinity(v)))
                return 0;
            double whole = Math.Truncate(v);
            return !wraps || (whole >= low && whole <= high) ? Math.Clamp(whole, low, high) : whole - range * Math.Floor((whole - low) / range);
        });
    }
}
