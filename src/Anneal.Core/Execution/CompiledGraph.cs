using System.Collections.Concurrent;
using Anneal.Graphs;
using Anneal.Passes;
using Anneal.Planning;

namespace Anneal.Execution;

/// <summary>A graph, compiled for a device. Immutable; contexts run it.</summary>
internal sealed class CompiledGraph
{
    private readonly Executable _executable;
    private readonly ConcurrentBag<ProgramContext> _free = [];
    private readonly Variable[] _updated;

    private CompiledGraph(Graph graph, Plan plan, Device device, Executable executable)
    {
        Graph = graph;
        Plan = plan;
        Device = device;
        _executable = executable;
        _updated = graph.Updates.Select(u => u.Variable).ToArray();
    }

    /// <summary>The graph after all passes.</summary>
    internal Graph Graph { get; }

    internal Plan Plan { get; }

    internal Device Device { get; }

    /// <summary>The memory that a context takes for values and scratch, in bytes.</summary>
    internal long ArenaBytes => _executable.ArenaBytes;

    /// <summary>Optimises, plans and compiles a graph.</summary>
    internal static CompiledGraph Compile(Graph graph, Device? device = null, PassOptions? options = null)
    {
        device ??= Device.Default;
        Plan plan = Planner.Plan(device.Lower(Pipeline.Optimize(graph, options)), device.CanFuseEpilogue, options);
        return new CompiledGraph(plan.Graph, plan, device, device.Compile(plan));
    }

    /// <summary>Makes a context: arguments, results and an arena of its own.</summary>
    internal ProgramContext CreateContext()
    {
        TensorData[] inputs = Graph.Inputs.Select(i => new TensorData(i.Type)).ToArray();
        TensorData[] outputs = Graph.Outputs.Select(o => new TensorData(o.Type)).ToArray();
        return new ProgramContext(_executable.CreateInstance(inputs, outputs), inputs, outputs, _updated, [.. Graph.Trace?.BeforeRun ?? []]);
    }

    /// <summary>Takes a context that nobody uses, or makes one.</summary>
    internal ProgramContext Rent() => _free.TryTake(out ProgramContext? context) ? context : CreateContext();

    /// <summary>Gives a context back.</summary>
    internal void Return(ProgramContext context) => _free.Add(context);
}

/// <summary>The memory of one run of a program: write the inputs, run, read the outputs; nothing is allocated in between.</summary>
internal sealed class ProgramContext(Instance instance, TensorData[] inputs, TensorData[] outputs, Variable[] updated, IBeforeRun[] before)
{
    internal TensorData[] Inputs { get; } = inputs;

    internal TensorData[] Outputs { get; } = outputs;

    internal void Run() => Run([]);

    /// <summary>Undoes the preparations of a run whose changes of variables are taken back.</summary>
    internal void TakeBack()
    {
        foreach (IBeforeRun preparation in before)
            preparation.TakeBack();
    }

    /// <summary>Runs, and writes down when each step begins and the last one ends unless <paramref name="times"/> is empty.</summary>
    internal void Run(Span<long> times)
    {
        foreach (IBeforeRun preparation in before)
            preparation.Prepare();
        if (times.IsEmpty)
            instance.Run();
        else
            instance.Run(times);
        foreach (Variable variable in updated)
            variable.MarkChanged();
    }
}
