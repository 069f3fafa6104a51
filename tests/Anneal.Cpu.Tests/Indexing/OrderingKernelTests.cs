using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Testing;

namespace Anneal.Cpu.Tests;

/// <summary>Sorting and running sums on the processor: special values, every size of a heap, any number of threads.</summary>
public sealed class OrderingKernelTests
{
    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.Float64)]
    [InlineData(DType.Int32)]
    [InlineData(DType.Int64)]
    public void SortingAgreesWithTheReferenceForTiesAndSpecialValues(DType dtype)
    {
        var random = new Random(3);
        double[] special = dtype.IsFloating()
            ? [double.NaN, 0, -0.0, 1, -1, 1, double.PositiveInfinity, double.NegativeInfinity, float.Epsilon, -float.Epsilon, float.MaxValue]
            : [0, 1, -1, 1, int.MinValue, int.MaxValue, 7];
        foreach (int length in (int[])[1, 2, 17, 130])
        {
            double[] x = [.. Enumerable.Range(0, 6 * length).Select(_ => special[random.Next(special.Length)])];
            var type = new TensorType(dtype, [3, length, 2]);
            foreach (int count in (int[])[0, 1, 2, length / 9, length / 2, length])
            {
                foreach (bool descending in (bool[])[false, true])
                    Check(type, x, t => Node.Apply(new Ops.ArgSort(1, descending, Math.Min(count, length)), t));
            }
        }
    }

    [Fact]
    public void ManyLanesAreSharedAmongThreads()
    {
        var type = new TensorType(DType.Float32, [40, 900]);
        double[] x = Values.Uniform(type.Shape.ElementCount, -1, 1, 5);
        Check(type, x, t => t.ArgSort(1, descending: true));
        Check(type, x, t => t.TopK(10, 0).Indices);
        Check(type, x, t => t.CumulativeSum(0, reverse: true), Tolerances.Elementwise(DType.Float32, 1));
    }

    [Fact]
    public void ALongSumIsRoundedOnce()
    {
        // Beyond 2^24 a float32 does not grow by 1 any more.
        const int Count = (1 << 24) + 2000;
        TensorType type = new(DType.Float32, Count);
        Graph graph = Graph.Of("sum", [type], x => [x[0].CumulativeSum()]);
        ProgramContext context = CompiledGraph.Compile(graph, new CpuDevice()).CreateContext();
        context.Inputs[0].AsSpan<float>().Fill(1);
        context.Run();
        Assert.Equal(Count, context.Outputs[0].AsSpan<float>()[Count - 1]);
    }

    [Fact]
    public void SortingAllocatesNothing()
    {
        TensorType type = new(DType.Float32, [8, 300]);
        Graph graph = Graph.Of("sort", [type], x => [x[0].Sort().Values, x[0].TopK(5).Indices, x[0].CumulativeSum()]);
        ProgramContext context = CompiledGraph.Compile(graph, new CpuDevice(new CpuOptions { Threads = 1 })).CreateContext();
        Values.ToData(Values.Uniform(2400, -1, 1, 2), type).AsBytes().CopyTo(context.Inputs[0].AsBytes());
        for (int i = 0; i < 50; i++)
            context.Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        context.Run();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Check(TensorType type, double[] x, Func<Tensor, Tensor> function, Tolerance tolerance = default)
    {
        Graph graph = Graph.Of("ordering", [type], t => [function(t[0])]);
        byte[]? first = null;
        foreach (int threads in (int[])[1, 3])
        {
            (string? difference, byte[] bytes) = Testing.Conformance.Check(
                graph, [type], [x], new CpuDevice(new CpuOptions { Threads = threads }), tolerance, $"{type} with {threads} threads");
            Assert.Null(difference);
            Assert.Equal(first ??= bytes, bytes);
        }
    }
}
