using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;
using Anneal.Planning;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Core.Tests;

public sealed class CheckpointTests
{
    private const int Layers = 12, Width = 32, Batch = 64;

    /// <summary>A deep chain with dropout-like noise, as a step with its gradients, and the mark after its forward pass.</summary>
    private static (Graph Graph, long LastForward) Step(Parameter[] weights, State random)
    {
        long lastForward = 0;
        Graph graph = Graph.Of(
            "step", [new TensorType(DType.Float32, [Batch, Width])],
            x =>
            {
                Trace trace = Trace.Current!;
                Tensor value = x[0];
                using (trace.Enter("model"))
                {
                    for (int i = 0; i < Layers; i++)
                    {
                        using Trace.LayerScope scope = trace.Enter($"layer_{i}");
                        Tensor kept = Tensor.RandomUniform([Batch, Width], "noise").GreaterOrEqual(0.1);
                        Tensor inner = Tensor.Tanh(value.MatMul(weights[i]));
                        value += Tensor.Select(kept, Tensor.Sigmoid(inner) * inner, inner.FillLike(0));
                    }
                }

                Tensor loss = Tensor.Square(value).Mean();
                lastForward = Node.LastId;
                return [loss, .. Gradients.Of(loss, weights)];
            },
            training: true, random);
        return (graph, lastForward);
    }

    private static (Parameter[] Weights, State Random) Variables() =>
        ([.. Enumerable.Range(0, Layers).Select(i => new Parameter(Values.ToData(Values.Uniform(Width * Width, -0.3, 0.3, i), new TensorType(DType.Float32, [Width, Width])), $"w{i}"))],
        new State(TensorData.From<long>([3, 5]), "random"));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(20)]
    public void RecomputationChangesNoValue(int every)
    {
        (Parameter[] weights, State random) = Variables();
        (Graph graph, long lastForward) = Step(weights, random);
        Graph rewritten = Checkpoint.Run(graph, lastForward, every);
        Verifier.Verify(rewritten, "checkpointing");
        double[][] input = [Values.Uniform(Batch * Width, -1, 1, 9)];
        double[][] expected = ReferenceDevice.Evaluate(graph, input), actual = ReferenceDevice.Evaluate(Pipeline.Optimize(rewritten), input);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i]);
    }

    [Fact]
    public void MemoryIsLessAndNoisesAreDrawnAgain()
    {
        (Parameter[] weights, State random) = Variables();
        (Graph graph, long lastForward) = Step(weights, random);
        Plan plain = Planner.Plan(Pipeline.Optimize(graph), (_, _) => false);
        Plan saving = Planner.Plan(Pipeline.Optimize(Checkpoint.Run(graph, lastForward, 3)), (_, _) => false);
        Assert.True(saving.ArenaBytes < 0.6 * plain.ArenaBytes, $"{saving.ArenaBytes} of {plain.ArenaBytes} bytes.");
        Assert.Equal(2 * Layers, saving.Graph.Nodes.Count(n => n.Op is RandomUniform));
        Assert.Equal(Layers, plain.Graph.Nodes.Count(n => n.Op is RandomUniform));
    }
}
