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
        Dictionary<Tensor, double[]> values = Interpreter.Run(graph, inputs);
        return graph.Outputs.Select(o => values[o]).ToArray();
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
        Dictionary<Tensor, double[]> values = Interpreter.Run(graph, inputs.Select(ToDoubles).ToArray());
        for (int i = 0; i < outputs.Length; i++)
            Store(values[graph.Outputs[i]], outputs[i]);
        foreach (Update update in graph.Updates)
            Store(values[update.Value], update.Variable.Storage);
    }

    internal override void Run(Span<long> times) =>
        throw new DeviceException("The reference runs no kernels that could be profiled. Hint: profile on the device that the program is meant for.");

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
