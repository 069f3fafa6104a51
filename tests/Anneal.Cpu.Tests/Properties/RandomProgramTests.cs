using System.Globalization;
using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;
using Anneal.Reference;
using Anneal.Testing;
using Xunit.Abstractions;

namespace Anneal.Cpu.Tests.Properties;

/// <summary>
/// Properties of random programs: what the compiler makes of one computes what the reference says, with every pass and without it.
/// <c>ANNEAL_PROPERTY_GRAPHS</c> sets the number of programs. A failure prints the seed and the smallest part of the program that fails.
/// </summary>
public sealed class RandomProgramTests(ITestOutputHelper output)
{
    private const double LargestBound = 1e-2;

    private static readonly int Count =
        int.TryParse(Environment.GetEnvironmentVariable("ANNEAL_PROPERTY_GRAPHS"), CultureInfo.InvariantCulture, out int count) ? count : 2000;

    private static readonly CpuDevice Tiles = new(new CpuOptions { Threads = 2, CompileLoops = false });

    private static readonly CpuDevice Compiled = new(new CpuOptions { Threads = 1, CompileLoops = true });

    private static readonly PassOptions[] Switched =
    [
        new() { Deduplicate = false }, new() { Simplify = false }, new() { FuseLoops = false }, new() { FuseEpilogues = false },
        new() { UpdateInPlace = false }, new() { ReuseInputs = false }, new() { Recompute = false }, new() { FarKernels = 1, LeastCopiedBytes = 1 },
        new() { Deduplicate = false, Simplify = false, FuseLoops = false, FuseEpilogues = false, UpdateInPlace = false, ReuseInputs = false, Recompute = false },
    ];

    private int _discarded;
    private double _largestShare;
    private readonly List<double> _bounds = [];

    [Fact]
    public void CompiledProgramsComputeWhatTheReferenceSays() => ForAll(program =>
    {
        double[][] expected = RunReference(program, DType.Float64);
        if (!expected.All(v => v.All(double.IsFinite)))
            return Discard();
        PassOptions switched = Switched[program.Seed % Switched.Length];
        foreach (PassOptions options in (PassOptions[])[PassOptions.All, switched])
        {
            (double[][] actual, string? fault) = Run(program, DType.Float64, program.Seed % 16 == 0 ? Compiled : Tiles, options);
            if (fault is not null)
                return fault;
            for (int i = 0; i < expected.Length; i++)
            {
                double scale = expected[i].Select(Math.Abs).Append(1).Max();
                if (Comparer.Difference(expected[i], actual[i], new Tolerance(1e-9 * scale, 0)) is { } difference)
                    return $"{options}: value {i}: {difference}";
            }
        }

        return null;
    });

    [Fact]
    public void GradientsAgreeWithFiniteDifferencesAndTheReference() => ForAll(program =>
    {
        State[] variables = program.MakeVariables(DType.Float64);
        double[][] inputs = program.DrawInputs();
        Graph graph = program.TraceGradients(variables, DType.Float64);
        double[][] gradients = ReferenceDevice.Evaluate(graph, inputs);
        if (!gradients.All(v => v.All(double.IsFinite)))
            return Discard();
        if (program.IsSmooth)
        {
            (double numeric, double coarse, double projected) = FiniteDifference(program, variables, inputs, gradients);
            double allowed = 1e-5 * Math.Max(1, Math.Abs(numeric));
            if (!(Math.Abs(numeric - coarse) <= 0.1 * allowed))
                return Discard();
            if (!(Math.Abs(numeric - projected) <= allowed))
                return FormattableString.Invariant($"the gradient says {projected:R}, finite differences {numeric:R}");
        }

        ProgramContext context = Load(CompiledGraph.Compile(graph, Tiles, Switched[program.Seed % Switched.Length]), inputs);
        context.Run();
        for (int i = 0; i < gradients.Length; i++)
        {
            double scale = gradients[i].Select(Math.Abs).Append(1).Max();
            if (Comparer.Difference(gradients[i], Values.ToDoubles(context.Outputs[i]), new Tolerance(1e-9 * scale, 0)) is { } difference)
                return $"compiled gradient {i}: {difference}";
        }

        return null;
    });

    [Fact]
    public void Float32StaysWithinItsErrorBound() => ForAll(program =>
    {
        State[] variables = program.MakeVariables(DType.Float32);
        double[][] inputs = program.DrawInputs();
        Graph graph = program.Trace(variables, DType.Float32);
        (Dictionary<Tensor, double[]> values, Dictionary<Tensor, double[]> bounds) = ErrorBounds.Interpret(graph, inputs);
        Tensor[] results = [.. graph.Outputs, .. graph.Updates.Select(u => u.Value)];
        double largest = results.Max(r => bounds[r].Max() / values[r].Select(Math.Abs).Append(1).Max());
        if (!(largest < LargestBound))
            return Discard();
        _bounds.Add(largest);
        CompiledGraph compiled = CompiledGraph.Compile(graph, program.Seed % 8 == 0 ? Compiled : Tiles);
        if (PlanMemory.Fault(compiled.Plan) is { } fault)
            return fault;
        ProgramContext context = Load(compiled, inputs);
        context.Run();
        TensorData[] actual = [.. context.Outputs, .. graph.Updates.Select(u => u.Variable.Storage)];
        for (int i = 0; i < results.Length; i++)
        {
            double[] value = values[results[i]], bound = bounds[results[i]];
            for (int j = 0; j < value.Length; j++)
            {
                double error = Math.Abs(actual[i].GetDouble(j) - value[j]);
                if (!(error <= bound[j]))
                    return FormattableString.Invariant($"value {i}[{j}]: expected {value[j]:R}, got {actual[i].GetDouble(j):R}, off by {error:G3} where {bound[j]:G3} is possible");
                if (bound[j] > 0)
                    _largestShare = Math.Max(_largestShare, error / bound[j]);
            }
        }

        return null;
    });

    private void ForAll(Func<RandomProgram, string?> property)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        int operations = 0;
        for (int seed = 0; seed < Count; seed++)
        {
            RandomProgram program = RandomProgram.Of(seed);
            operations += program.Steps.Length;
            if (Outcome(property, program) is not { } failure)
                continue;
            RandomProgram smallest = program.Shrink(p => Outcome(property, p) is not null);
            string? graph = Outcome(p => Printer.Print(p.Trace(p.MakeVariables(DType.Float64), DType.Float64)), smallest);
            Assert.Fail($"{program}: {failure}\n\nThe smallest part that fails is {smallest}: {Outcome(property, smallest)}\n{graph}");
        }

        output.WriteLine(FormattableString.Invariant(
            $"{Count} programs with {operations} operations in {started.Elapsed.TotalSeconds:F1} s, {_discarded} left out because they are ill-conditioned"));
        if (_bounds.Count > 0)
        {
            double median = _bounds.Order().ElementAt(_bounds.Count / 2);
            output.WriteLine(FormattableString.Invariant($"median of the bounds {median:G3}, largest error {_largestShare:G3} of its bound"));
            Assert.True(median < 1e-4, "The bounds say nothing.");
        }

        Assert.True(_discarded < 0.05 * Count, $"{_discarded} of {Count} programs were left out.");
    }

    private static string? Outcome(Func<RandomProgram, string?> property, RandomProgram program)
    {
        try
        {
            return property(program);
        }
        catch (Exception exception)
        {
            // Whatever the compiler throws is a failure of this program, to be made small and shown.
            return exception.ToString();
        }
    }

    private string? Discard()
    {
        _discarded++;
        return null;
    }

    /// <summary>
    /// The derivative of the weighted sum along a random direction, by differences of two steps (where they disagree the function bends
    /// too much for them to say anything), and the gradient's projection on the direction.
    /// </summary>
    private static (double Numeric, double Coarse, double Projected) FiniteDifference(
        RandomProgram program, State[] variables, double[][] inputs, double[][] gradients)
    {
        Graph graph = program.TraceSum(variables, DType.Float64);
        double[][] direction = [.. inputs.Select((x, i) => Values.Uniform(x.Length, -1, 1, program.Seed * 41 + i))];
        double At(double t) => ReferenceDevice.Evaluate(graph, [.. inputs.Select((x, i) => x.Select((v, j) => v + t * direction[i][j]).ToArray())])[0][0];
        double Difference(double step) => (8 * (At(step) - At(-step)) - (At(2 * step) - At(-2 * step))) / (12 * step);
        double projected = gradients.Select((g, i) => g.Select((v, j) => v * direction[i][j]).Sum()).Sum();
        return (Difference(5e-4), Difference(1e-3), projected);
    }

    /// <summary>The outputs and then the variables after two runs, by the definitions of the operations alone.</summary>
    private static double[][] RunReference(RandomProgram program, DType dtype)
    {
        State[] variables = program.MakeVariables(dtype);
        Graph graph = program.Trace(variables, dtype);
        double[][] inputs = program.DrawInputs(), outputs = [];
        for (int run = 0; run < 2; run++)
        {
            Dictionary<Tensor, double[]> values = Interpreter.Run(graph, inputs);
            outputs = [.. graph.Outputs.Select(o => values[o])];
            foreach (Update update in graph.Updates)
                Values.ToData(values[update.Value], update.Variable.Type).AsBytes().CopyTo(update.Variable.Storage.AsBytes());
        }

        return [.. outputs, .. variables.Select(v => Values.ToDoubles(v.Storage))];
    }

    private static (double[][] Values, string? Fault) Run(RandomProgram program, DType dtype, Device device, PassOptions options)
    {
        State[] variables = program.MakeVariables(dtype);
        CompiledGraph compiled = CompiledGraph.Compile(program.Trace(variables, dtype), device, options);
        if (PlanMemory.Fault(compiled.Plan) is { } fault)
            return ([], fault);
        ProgramContext context = Load(compiled, program.DrawInputs());
        context.Run();
        context.Run();
        return ([.. context.Outputs.Concat(variables.Select(v => v.Storage)).Select(Values.ToDoubles)], null);
    }

    private static ProgramContext Load(CompiledGraph compiled, double[][] inputs)
    {
        ProgramContext context = compiled.CreateContext();
        for (int i = 0; i < inputs.Length; i++)
            Values.ToData(inputs[i], context.Inputs[i].Type).AsBytes().CopyTo(context.Inputs[i].AsBytes());
        return context;
    }
}
