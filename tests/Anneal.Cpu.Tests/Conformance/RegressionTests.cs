using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Testing;

namespace Anneal.Cpu.Tests.Conformance;

/// <summary>Plans that once computed something else: each failed before its fix.</summary>
public sealed class RegressionTests
{
    [Fact]
    public void AnEpilogueReadsAVariableBeforeTheKernelOverwritesIt()
    {
        var previous = new State(TensorData.From<float>([100, 100, 100, 100], [2, 2]), "previous");
        Graph graph = Graph.Of("update", [new(DType.Float32, [2, 2])], x =>
        {
            Tensor product = x[0].MatMul(x[0]);
            Tensor sum = product + previous;
            previous.Assign(product);
            return [sum];
        });
        ProgramContext context = CompiledGraph.Compile(graph, new CpuDevice()).CreateContext();
        context.Inputs[0].AsSpan<float>().Fill(2);
        context.Run();
        Assert.All(context.Outputs[0].ToArray<float>(), v => Assert.Equal(108, v));
        Assert.All(previous.Value.ToArray<float>(), v => Assert.Equal(8, v));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void MemoryIsNotReusedByElementsOfAnotherSize(bool compileLoops)
    {
        TensorType type = new(DType.Float32, 65_536);
        double[][] inputs = [Values.Uniform(65_536, -1, 1, 1)];
        Graph graph = Graph.Of("slice", [type], x =>
        {
            Tensor mask = Tensor.Concat(0, x[0].GreaterThan(0).Narrow(0, 0, 65_536));
            Tensor start = x[0].Narrow(0, 0, 16_384);
            return [Tensor.Exp(Tensor.Select(mask.Narrow(0, 0, 16_384), start, start * 2)).Sum()];
        });
        var device = new CpuDevice(new CpuOptions { CompileLoops = compileLoops });
        (string? difference, _) = Testing.Conformance.Check(graph, [type], inputs, device, new Tolerance(0, 1e-5), "slice");
        Assert.Null(difference);
    }
}
