using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Planning;
using Anneal.Testing;

namespace Anneal.Cpu.Tests.Scans;

/// <summary>Scans on the processor: against the reference with their gradients, where carries live, threads, and memory.</summary>
public sealed class ScanKernelTests
{
    private const long Units = 40, Batch = 9;

    /// <summary>The steps of a gated cell, whose states are kept in every way: stacked before, after, both, or not at all.</summary>
    private static Tensor[] Gated(Tensor[] x, bool reverse, int stacks)
    {
        (Tensor[] carries, Tensor[] outputs) = Tensor.Scan(
            (c, e) =>
            {
                Tensor z = e[0] + c[0].MatMul(x[3]) + x[4];
                Tensor Gate(int i) => Tensor.Sigmoid(z.Narrow(1, i * Units, Units));
                Tensor memory = Gate(0) * c[1] + Gate(1) * Tensor.Tanh(z.Narrow(1, 2 * Units, Units));
                Tensor state = Gate(3) * Tensor.Tanh(memory);
                Tensor[] kept = [state, c[0], memory, state * memory];
                return ([state, memory], kept[..stacks]);
            },
            x[..2], [x[2]], reverse);
        return [.. carries, .. outputs];
    }

    private static TensorType[] Types(long time, DType dtype) =>
    [
        new(dtype, [Batch, Units]), new(dtype, [Batch, Units]), new(dtype, [time, Batch, 4 * Units]), new(dtype, [Units, 4 * Units]), new(dtype, 4 * Units),
    ];

    private static double[][] Draw(TensorType[] types) => [.. types.Select((t, i) => Values.Uniform(t.Shape.ElementCount, -0.5, 0.5, 90 + i))];

    [Theory]
    [InlineData(DType.Float32, 1e-5)]
    [InlineData(DType.Float64, 1e-12)]
    public void ValuesAndGradientsAgreeWithTheReference(DType dtype, double tolerance)
    {
        var device = new CpuDevice(new CpuOptions { Threads = 2 });
        foreach ((long time, bool reverse, int stacks) in ((long, bool, int)[])[(7, false, 0), (6, true, 1), (5, false, 2), (5, true, 3), (3, false, 4), (1, true, 4), (0, false, 4)])
        {
            TensorType[] types = Types(time, dtype);
            Graph graph = Graph.Of("gated", types, x =>
            {
                Tensor[] outputs = Gated(x, reverse, stacks);
                Tensor loss = outputs.Aggregate(Tensor.Zeros([], dtype), (sum, o) => sum + (o * o).Sum());
                return [.. outputs, .. Gradients.Of(loss, x)];
            });
            (string? difference, _) = Testing.Conformance.Check(graph, types, Draw(types), device, new Tolerance(tolerance, tolerance), $"{time} steps, {stacks} stacks");
            Assert.Null(difference);
        }
    }

    [Fact]
    public void ScansInsideOfScansAgreeWithTheReference()
    {
        TensorType[] types = [new(DType.Float32, 3), new(DType.Float32, [4, 3]), new(DType.Float32, [5, 3])];
        Graph graph = Graph.Of("nested", types, x =>
        {
            (Tensor[] carries, Tensor[] outputs) = Tensor.Scan(
                (outer, rows) =>
                {
                    (Tensor[] inner, Tensor[] kept) = Tensor.Scan(
                        (c, e) => ([Tensor.Tanh(c[0] * e[0] + rows[0]), c[0]], [c[1]]), [outer[0], rows[0]], [x[2]], reverse: true);
                    return ([inner[0] + outer[0]], [kept[0].Sum([0]) * inner[1]]);
                },
                [x[0]], [x[1]]);
            return [carries[0], outputs[0], .. Gradients.Of(carries[0].Sum() + Tensor.Square(outputs[0]).Sum(), x)];
        });
        (string? difference, _) = Testing.Conformance.Check(graph, types, Draw(types), new CpuDevice(), new Tolerance(1e-5, 1e-5), "nested");
        Assert.Null(difference);
    }

    [Fact]
    public void OutputsThatAreCarriesElementsOrConstantsAreCopied()
    {
        TensorType[] types = [new(DType.Float32, [3]), new(DType.Float32, [3]), new(DType.Float32, [4, 3])];
        Graph graph = Graph.Of("copies", types, x =>
        {
            // The carries change places, and one is forgotten.
            (Tensor[] carries, Tensor[] outputs) = Tensor.Scan(
                (c, e) => ([c[1], c[0], e[0]], [c[0], c[1], e[0], Tensor.Ones([3]), x[0], c[2], c[2].Flip(0)]), [x[0], x[1], x[0]], [x[2]]);
            return [.. carries, .. outputs];
        });
        (string? difference, _) = Testing.Conformance.Check(graph, types, Draw(types), new CpuDevice(), default, "copies");
        Assert.Null(difference);
    }

    [Fact]
    public void ThreadsGiveTheSameBits()
    {
        TensorType[] types = Types(6, DType.Float32);
        byte[] Run(int threads, bool compile)
        {
            var device = new CpuDevice(new CpuOptions { Threads = threads, CompileLoops = compile });
            Graph graph = Graph.Of("threads", types, x => [.. Gradients.Of(Gated(x, false, 3).Select(o => Tensor.Square(o).Sum()).Aggregate((a, b) => a + b), x)]);
            (string? difference, byte[] bytes) = Testing.Conformance.Check(graph, types, Draw(types), device, new Tolerance(1e-4, 1e-4), "threads");
            Assert.Null(difference);
            return bytes;
        }

        byte[] expected = Run(1, true);
        Assert.Equal(expected, Run(2, true));
        Assert.Equal(expected, Run(3, false));
    }

    [Fact]
    public void ARunAllocatesNothing()
    {
        TensorType[] types = Types(6, DType.Float32);
        Graph graph = Graph.Of("memory", types, x => [.. Gradients.Of(Gated(x, false, 3).Select(o => o.Sum()).Aggregate((a, b) => a + b), x)]);
        ProgramContext context = CompiledGraph.Compile(graph, new CpuDevice(new CpuOptions { Threads = 1 })).CreateContext();
        context.Run();
        context.Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        context.Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void RunsDoNotDisturbEachOther()
    {
        TensorType[] types = Types(5, DType.Float32);
        Graph graph = Graph.Of("twice", types, x => Gated(x, true, 2));
        ProgramContext context = CompiledGraph.Compile(graph, new CpuDevice()).CreateContext();
        double[][] inputs = Draw(types);
        for (int i = 0; i < inputs.Length; i++)
            Values.ToData(inputs[i], types[i]).AsBytes().CopyTo(context.Inputs[i].AsBytes());
        context.Run();
        byte[][] first = [.. context.Outputs.Select(o => o.AsBytes().ToArray())];
        context.Run();
        Assert.Equal(first, context.Outputs.Select(o => o.AsBytes().ToArray()));
    }

    [Fact]
    public void AStepOfACellIsOneProductAndOneLoop()
    {
        Graph graph = Passes.Pipeline.Optimize(Graph.Of("plan", Types(6, DType.Float32), x => [Gated(x, false, 0)[0]]));
        Scan scan = Assert.Single(graph.Nodes.Select(n => n.Op).OfType<Scan>());
        Plan plan = Planner.Plan(scan.Inner, new CpuDevice().CanFuseEpilogue);
        Assert.Equal(2, plan.Steps.Length);
        Assert.IsType<KernelStep>(plan.Steps[0]);
        Assert.NotNull(((KernelStep)plan.Steps[0]).Epilogue);
        Assert.IsType<LoopStep>(plan.Steps[1]);
    }
}
