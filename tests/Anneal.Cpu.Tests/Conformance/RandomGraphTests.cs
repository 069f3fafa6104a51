using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Cpu.Tests.Conformance;

/// <summary>Random programs with variables: what the compiler fuses, orders and places must compute what the reference says.</summary>
public sealed class RandomGraphTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RandomProgramsAgreeWithTheReference(bool compileLoops)
    {
        var device = new CpuDevice(new CpuOptions { Threads = 2, CompileLoops = compileLoops });
        for (int seed = 0; seed < 300; seed++)
        {
            double[][] inputs = RandomGraph.Inputs().Select((t, i) => Values.Uniform(t.Shape.ElementCount, -1, 1, seed * 10 + i)).ToArray();
            double[][] expected = Run(new ReferenceDevice(), seed, inputs), actual = Run(device, seed, inputs);
            for (int i = 0; i < expected.Length; i++)
            {
                double scale = expected[i].Select(Math.Abs).Append(1).Max();
                string? difference = Comparer.Difference(expected[i], actual[i], new Tolerance(2e-5 * scale, 0));
                Assert.True(difference is null, $"seed {seed}, value {i}: {difference}");
            }
        }
    }

    /// <summary>The outputs and then the variables, after two runs.</summary>
    private static double[][] Run(Device device, int seed, double[][] inputs)
    {
        State[] variables = [new([4, 6], "a"), new([4, 6], "b"), new(Shape.Scalar, "c")];
        Graph graph = RandomGraph.Trace(seed, 30, variables);
        ProgramContext context = CompiledGraph.Compile(graph, device).CreateContext();
        TensorType[] types = RandomGraph.Inputs();
        for (int i = 0; i < inputs.Length; i++)
            Values.ToData(inputs[i], types[i]).AsBytes().CopyTo(context.Inputs[i].AsBytes());
        context.Run();
        context.Run();
        return context.Outputs.Concat(variables.Select(v => v.Value)).Select(Values.ToDoubles).ToArray();
    }
}
