using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;
using Anneal.Planning;

namespace Anneal.Core.Tests;

/// <summary>Concatenations whose parts are written straight to their places, and sums of padded tensors that become such.</summary>
public sealed class PlacementTests
{
    private static readonly TensorType[] Types = [new(DType.Float32, [4, 3]), new(DType.Float32, [4, 5])];

    private static Plan Plan(Func<Tensor[], IReadOnlyList<Tensor>> function) =>
        Planner.Plan(Pipeline.Optimize(Graph.Of("placement", Types, function)), (_, _) => false);

    [Fact]
    public void PartsThatLoopsComputeAreNotCopied()
    {
        Plan plan = Plan(x => [Tensor.Concat(1, Tensor.Exp(x[0]), Tensor.Tanh(x[1])).MatMul(Tensor.From(new float[8, 2]))]);
        Assert.DoesNotContain(plan.Steps, s => s is KernelStep { Kernel.Op: Concat });
        LoopStep[] loops = [.. plan.Steps.OfType<LoopStep>()];
        Assert.Equal(2, loops.Length);
        Assert.Same(loops[0].Outputs[0], loops[1].Outputs[0]);
        Assert.Equal([0, 3], loops.Select(l => l.Loop.Outputs[0].Operand.Offset).Order());
        Assert.All(loops, l => Assert.Equal([8, 1], l.Loop.Outputs[0].Operand.Strides));
    }

    [Fact]
    public void PartsThatAreReadElsewhereOrTwiceAreCopied()
    {
        Assert.Contains(Plan(x =>
        {
            Tensor part = Tensor.Exp(x[0]);
            return [Tensor.Concat(1, part, Tensor.Tanh(x[1])), part];
        }).Steps, s => s is KernelStep { Kernel.Op: Concat });
        Assert.Contains(Plan(x =>
        {
            Tensor part = Tensor.Exp(x[0]);
            return [Tensor.Concat(1, part, part)];
        }).Steps, s => s is KernelStep { Kernel.Op: Concat });
        Assert.Contains(Plan(x => [Tensor.Concat(1, x[0], Tensor.Tanh(x[1]))]).Steps, s => s is KernelStep { Kernel.Op: Concat });
    }

    [Fact]
    public void AVariableIsNotWrittenBeforeItIsRead()
    {
        var state = new State([4, 8], "state");
        Plan plan = Plan(x =>
        {
            Tensor next = Tensor.Concat(1, Tensor.Exp(x[0]), Tensor.Tanh(x[1]));
            Tensor before = state.Read() * 2;
            state.Assign(next);
            return [before];
        });
        Assert.Contains(plan.Steps, s => s is KernelStep { Kernel.Op: Concat });
    }

    [Fact]
    public void GradientsOfPartsAreJoinedNotAdded()
    {
        Graph graph = Pipeline.Optimize(Graph.Of("parts", [new(DType.Float32, [4, 8])], x =>
            Gradients.Of(Tensor.Exp(x[0].Narrow(1, 0, 3)).Sum() + Tensor.Sin(x[0].Narrow(1, 5, 3)).Sum() + Tensor.Square(x[0].Narrow(1, 3, 2)).Sum(), x)));
        Assert.Single(graph.Nodes, n => n.Op is Concat { Axis: 1 });
        Assert.DoesNotContain(graph.Nodes, n => n.Op is Pad || (n.Op is Add && n.Outputs[0].Shape == new Shape(4, 8)));

        // Parts that leave a gap or overlap are still added.
        graph = Pipeline.Optimize(Graph.Of("gap", [new(DType.Float32, [4, 8])], x =>
            Gradients.Of(Tensor.Exp(x[0].Narrow(1, 0, 3)).Sum() + Tensor.Sin(x[0].Narrow(1, 2, 6)).Sum(), x)));
        Assert.DoesNotContain(graph.Nodes, n => n.Op is Concat);
    }
}
