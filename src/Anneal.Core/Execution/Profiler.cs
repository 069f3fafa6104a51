using System.Diagnostics;
using Anneal.Graphs;
using Anneal.Planning;

namespace Anneal.Execution;

/// <summary>Runs a compiled graph with a clock between its kernels.</summary>
internal static class Profiler
{
    private const int WarmUps = 3;

    /// <summary>Measures a number of runs. Variables that the graph updates have their old values afterwards.</summary>
    internal static Profile Measure(CompiledGraph compiled, ProgramContext context, int runs)
    {
        PlanStep[] steps = compiled.Plan.Steps;
        (Variable Variable, TensorData Value)[] before = [.. compiled.Graph.Updates.Select(u => (u.Variable, u.Variable.Value))];
        var ticks = new long[runs][];
        try
        {
            for (int run = -WarmUps; run < runs; run++)
            {
                var times = new long[steps.Length + 1];
                context.Run(times);
                context.TakeBack();
                if (run >= 0)
                    ticks[run] = times;
            }
        }
        finally
        {
            foreach ((Variable variable, TensorData value) in before)
                variable.Value = value;
        }

        MachinePeak peak = compiled.Device.MeasurePeak();
        var kernels = new KernelProfile[steps.Length];
        for (int i = 0; i < kernels.Length; i++)
            kernels[i] = Describe(steps[i], Median([.. ticks.Select(t => t[i + 1] - t[i])]), peak);
        double[][] starts = [.. ticks.Select(t => Array.ConvertAll(t, x => (x - ticks[0][0]) * 1e6 / Stopwatch.Frequency))];
        return new Profile(compiled.Graph.Name, compiled.Device, peak, kernels, starts);
    }

    private static KernelProfile Describe(PlanStep step, double milliseconds, MachinePeak peak)
    {
        long bytes = step.Inputs.Concat(step.Outputs).Concat(step is KernelStep k ? [.. k.EpilogueInputs, .. k.EpilogueOutputs] : [])
            .Distinct().Sum(b => b.ByteCount);
        double operations = CountOperations(step);
        return new KernelProfile(
            NameOf(step), step.LayerPath, milliseconds, bytes, operations, Profile.Percent(1e3 * peak.FloorOf(operations, bytes), milliseconds));
    }

    /// <summary>The arithmetic operations of a step, a multiply-add counting as two.</summary>
    internal static double CountOperations(PlanStep step) => step switch
    {
        LoopStep loop => CountOperations(loop.Loop),
        KernelStep kernel => kernel.Kernel.Op.CountOperations(kernel.Kernel.Inputs, kernel.Kernel.Outputs) + (kernel.Epilogue is { } then ? CountOperations(then) : 0),
        _ => 0,
    };

    private static double CountOperations(Loop loop) =>
        (double)loop.PointCount * (loop.Body.Count(i => i.Kind == LoopInstructionKind.Apply) + loop.Outputs.Count(o => o.Reduction is not null));

    private static string NameOf(PlanStep step) => step switch
    {
        LoopStep loop => "loop " + NameOf(loop.Loop),
        KernelStep { Epilogue: { } then } kernel => $"{NameOf(kernel.Kernel)} then {NameOf(then)}",
        KernelStep kernel => NameOf(kernel.Kernel),
        _ => "copy",
    };

    private static string NameOf(Node node) =>
        $"{node.Op.Name} {string.Join(" by ", node.Inputs.Take(2).Select(i => i.Shape))} -> {string.Join(", ", node.Outputs.Select(o => o.Shape))}";

    /// <summary>The functions of a loop, each once with how often it occurs, and the extents it runs over.</summary>
    private static string NameOf(Loop loop)
    {
        IEnumerable<string> functions = loop.Body.Where(i => i.Kind == LoopInstructionKind.Apply).GroupBy(i => i.Op!.Name)
            .Select(g => g.Count() == 1 ? g.Key : FormattableString.Invariant($"{g.Count()} {g.Key}"));
        IEnumerable<string> folds = loop.Outputs.Where(o => o.Reduction is not null).GroupBy(o => o.Reduction!.Value)
            .Select(g => FormattableString.Invariant($"{(g.Count() == 1 ? "" : g.Count() + " ")}fold {g.Key}"));
        string[] parts = [.. functions, .. folds];
        return $"[{string.Join(", ", loop.Dims)}] {(parts.Length == 0 ? "copy" : string.Join(", ", parts))}";
    }

    private static double Median(long[] ticks)
    {
        Array.Sort(ticks);
        return ticks[ticks.Length / 2] * 1e3 / Stopwatch.Frequency;
    }
}
