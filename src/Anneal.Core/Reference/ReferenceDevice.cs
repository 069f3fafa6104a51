using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Reference;

/// <summary>
/// The reference interpreter: every operation one after another by its definition, in double precision whatever the data types say;
/// values are rounded to their type only when they leave the program. Slow and obviously right.
/// </summary>
public sealed class ReferenceDevice : Device
{
    /// <inheritdoc/>
    public override string Name => "reference (double precision)";

    internal override Executable Compile(Plan plan) => new ReferenceExecutable(plan.Graph);

    /// <summary>Evaluates a graph for the given inputs and returns the outputs, unrounded. Variables are read, not written.</summary>
    internal static double[][] Evaluate(Graph graph, IReadOnlyList<double[]> inputs)
    {
        Dictionary<Tensor, double[]> values = Interpret(graph, inputs);
        return graph.Outputs.Select(o => values[o]).ToArray();
    }

    internal static Dictionary<Tensor, double[]> Interpret(Graph graph, IReadOnlyList<double[]> inputs)
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
    /// and what is no number becomes 0. Of int64 doubles hold what is below 2^53.
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

/// <summary>A graph to interpret.</summary>
internal sealed class ReferenceExecutable(Graph graph) : Executable
{
    internal override long ArenaBytes => 0;

    internal override Instance CreateInstance(TensorData[] inputs, TensorData[] outputs) => new ReferenceInstance(graph, inputs, outputs);
}

/// <summary>Interprets a graph on host tensors.</summary>
internal sealed class ReferenceInstance(Graph graph, TensorData[] inputs, TensorData[] outputs) : Instance
{
    internal override void Run()
    {
        Dictionary<Tensor, double[]> values = ReferenceDevice.Interpret(graph, inputs.Select(ToDoubles).ToArray());
        for (int i = 0; i < outputs.Length; i++)
            Store(values[graph.Outputs[i]], outputs[i]);
        foreach (Update update in graph.Updates)
            Store(values[update.Value], update.Variable.Storage);
    }

    internal static double[] ToDoubles(TensorData data)
    {
        var values = new double[data.Shape.ElementCount];
        for (int i = 0; i < values.Length; i++)
            values[i] = data.GetDouble(i);
        GC.KeepAlive(data);
        return values;
    }

    private static void Store(double[] values, TensorData data)
    {
        for (int i = 0; i < values.Length; i++)
            data.SetDouble(i, values[i]);
        GC.KeepAlive(data);
    }
}
