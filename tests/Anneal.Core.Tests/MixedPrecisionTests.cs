using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Core.Tests;

public sealed class MixedPrecisionTests
{
    private static readonly TensorType Matrix = new(DType.Float32, [4, 4]);

    [Fact]
    public void ProductsAreLoweredAndSumsAreKept()
    {
        var weight = new Parameter([4, 4], "weight");
        var bias = new Parameter([4], "bias");
        Graph graph = Graph.Of("test", [Matrix], x =>
        {
            Tensor hidden = Tensor.Relu(x[0].MatMul(weight) + bias), output = hidden.MatMul(weight);
            return MixedPrecision.Lower(DType.BFloat16, Tensor.Square(output).Sum());
        });
        Assert.All(graph.Nodes.Where(n => n.Op is MatMul or Relu), n => Assert.Equal(DType.BFloat16, n.Outputs[0].DType));
        Assert.All(graph.Nodes.Where(n => n.Op is Sum), n => Assert.Equal(DType.Float32, n.Inputs[0].DType));
        Assert.Equal(DType.Float32, graph.Outputs[0].DType);

        // The weight is cast once for both products, and nothing between them goes back to float32.
        Assert.Equal(4, graph.Nodes.Count(n => n.Op is Cast));
    }

    [Fact]
    public void GradientsOfParametersAreOfTheirType()
    {
        var weight = new Parameter([4, 4], "weight");
        Graph graph = Graph.Of("test", [Matrix], x =>
            Gradients.Of(MixedPrecision.Lower(DType.Float16, Tensor.Square(x[0].MatMul(weight)).Mean())[0], [weight]));
        Assert.Equal(DType.Float32, graph.Outputs[0].DType);
        Assert.Equal(2, graph.Nodes.Count(n => n.Op is MatMul));
        Assert.All(graph.Nodes.Where(n => n.Op is MatMul), n => Assert.Equal(DType.Float16, n.Outputs[0].DType));
    }

    [Fact]
    public void OtherTypesAreNotTouched()
    {
        var matrix = new TensorType(DType.Float64, [4, 4]);
        Graph graph = Graph.Of("test", [matrix], x => MixedPrecision.Lower(DType.BFloat16, x[0].MatMul(x[0]).Sum()));
        Assert.All(graph.Nodes, n => Assert.Equal(DType.Float64, n.Outputs[0].DType));
    }

    [Fact]
    public void WrongUsesAreTypedErrors()
    {
        Tensor outside = Tensor.Ones([2]);
        Assert.Throws<TraceException>(() => MixedPrecision.Lower(DType.BFloat16, outside));
        Assert.Throws<DTypeException>(() => MixedPrecision.Lower(DType.Float64, outside));
    }
}
