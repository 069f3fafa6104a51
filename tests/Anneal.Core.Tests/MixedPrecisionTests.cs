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

    /// <summary>A square of 300 is no float16, though 300 is.</summary>
    [Fact]
    public void SquaresAreKept()
    {
        Graph graph = Graph.Of("test", [Matrix], x =>
        {
            Tensor hidden = x[0].MatMul(x[0]);
            return MixedPrecision.Lower(DType.Float16, [(hidden * hidden * hidden).Sum()]);
        });
        Assert.All(graph.Nodes.Where(n => n.Op is Multiply), n => Assert.Equal(DType.Float32, n.Outputs[0].DType));
    }

    [Fact]
    public void WhatComesOfPredictionsIsFloat32()
    {
        Graph graph = Graph.Of("test", [Matrix], x =>
        {
            Tensor prediction = Tensor.HardSigmoid(x[0].MatMul(x[0]));
            return MixedPrecision.Lower(DType.BFloat16, [Tensor.Log(Tensor.Clamp(prediction, 1e-7, 1 - 1e-7)).Mean()], [prediction]);
        });
        int last = graph.Nodes.ToList().FindLastIndex(n => n.Outputs[0].DType == DType.BFloat16);
        Assert.Contains(graph.Nodes.Skip(last), n => n.Op is Select && n.Outputs[0].DType == DType.Float32);
        Assert.DoesNotContain(graph.Nodes, n => n.Op is Constant { Value: > 0.99999 and < 1 } && n.Outputs[0].DType == DType.BFloat16);
    }
}
