using System.Text.Json.Nodes;
using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Certificates of parity: the numbers by hand.</summary>
public sealed class ParityTests
{
    private static readonly ParitySample[] One = [new([TensorData.From<float>([0])])];

    [Fact]
    public void TheNumbersAreTheirDefinitions()
    {
        TensorData a = TensorData.From<float>([0, MathF.Log(3), 5, 1, 2, 2], [3, 2]), b = TensorData.From<float>([0, 0, 1, 5, 2, 2.5f], [3, 2]);
        ParityCertificate found = Parity.Check(_ => a, _ => b, One);
        Assert.Equal((1, 3, 0), (found.Samples, found.Positions, found.NonFinitePositions));
        Assert.Equal(0, found.Top1Agreement);
        Assert.Equal(4, found.LargestDifference);
        Assert.Equal(5, found.LargestLogit);
        Assert.Equal((Math.Log(3) + 8 + 0.5) / 6, found.MeanDifference, 1e-6);
        double first = 0.25 * Math.Log(0.25 / 0.5) + 0.75 * Math.Log(0.75 / 0.5), p = 1 / (1 + Math.Exp(-4)), q = 1 / (1 + Math.Exp(0.5));
        double second = p * 4 + (1 - p) * -4, third = 0.5 * Math.Log(0.5 / q) + 0.5 * Math.Log(0.5 / (1 - q));
        Assert.Equal((first + second + third) / 3, found.MeanDivergence, 1e-6);
        Assert.Equal(second, found.LargestDivergence, 1e-9);
        Assert.False(found.Passed);
        Assert.Equal(3, found.Failures.Count);
        Assert.True((found with { Tolerance = new ParityTolerance { Top1Agreement = 0, LargestDifference = 0.8, MeanDivergence = 2 } }).Passed);
    }

    [Fact]
    public void EqualFormsPassAndMaskedPositionsAreLeftOut()
    {
        TensorData a = TensorData.From<float>([1, 2, 3, 4, float.NegativeInfinity, 1], [1, 3, 2]), b = TensorData.From<float>([1, 2, 9, 4, float.NegativeInfinity, 1], [1, 3, 2]);
        Assert.True(Parity.Check(_ => a, _ => a, One).Passed);
        ParitySample[] masked = [new([a], TensorData.From<long>([1, 0, 7], [1, 3]))];
        ParityCertificate found = Parity.Check(_ => a, _ => b, masked);
        Assert.Equal(2, found.Positions);
        Assert.True(found.Passed);
        Assert.Equal(0, found.LargestDivergence);
        Assert.False(Parity.Check(_ => a, _ => b, One).Passed);
        Assert.Throws<OptionException>(() => Parity.Check(_ => a, _ => b, [new([a], TensorData.From<long>([0, 0, 0], [1, 3]))]));
        Assert.Throws<OptionException>(() => Parity.Check(_ => a, _ => b, []));
        Assert.Throws<ShapeException>(() => Parity.Check(_ => a, _ => b, [new([a], TensorData.From<long>([0, 0, 0]))]));
        Assert.Throws<ShapeException>(() => Parity.Check(_ => a, _ => TensorData.From<float>([1]), One));
        Assert.Throws<DTypeException>(() => Parity.Check(_ => a, _ => TensorData.From<long>([1]), One));
        Assert.Throws<OptionException>(() => Parity.Check(_ => a, _ => a, One, new ParityTolerance { LargestDifference = double.NaN }));
    }

    [Theory]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(1, float.NaN)]
    [InlineData(1, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, 1)]
    public void WhatIsNotFiniteFails(float original, float exported)
    {
        TensorData a = TensorData.From<float>([1, original], [1, 2]), b = TensorData.From<float>([1, exported], [1, 2]);
        ParityCertificate found = Parity.Check(_ => a, _ => b, One, new ParityTolerance { Top1Agreement = 0, LargestDifference = 1e30, MeanDivergence = 1e30 });
        Assert.Equal(1, found.NonFinitePositions);
        Assert.False(found.Passed);
        using var folder = new TemporaryFolder();
        found.Write(folder.File("parity.json"));
        Assert.Equal("NaN", (string?)JsonNode.Parse(File.ReadAllText(folder.File("parity.json")))!["meanDivergence"]);
    }

    /// <summary>Each output by its own scale: what is lost beside a large one is found.</summary>
    [Fact]
    public void SeveralOutputsAreComparedOneByOne()
    {
        TensorData small = TensorData.From<float>([1, 2], [1, 2]), other = TensorData.From<float>([1, 2.01f], [1, 2]), large = TensorData.From<float>([3e4f, 1], [1, 2]);
        ParityCertificate found = Parity.CheckAll(_ => [small, large], _ => [other, large], One);
        Assert.Equal([false, true], found.Outputs.Select(o => o.Passed));
        Assert.False(found.Passed);
        Assert.All(found.Failures, f => Assert.StartsWith("output 0: ", f, StringComparison.Ordinal));
        Assert.Equal((1, 2, 3e4), (found.Samples, found.Positions, found.LargestLogit));
        Assert.Equal(found.Outputs[0].LargestDifference, found.LargestDifference);
        using var folder = new TemporaryFolder();
        found.Write(folder.File("parity.json"));
        JsonNode written = JsonNode.Parse(File.ReadAllText(folder.File("parity.json")))!;
        Assert.False((bool?)written["passed"]);
        Assert.Equal([false, true], written["outputs"]!.AsArray().Select(o => (bool)o!["passed"]!));
        Assert.Empty(Parity.CheckAll(_ => [small], _ => [small], One).Outputs);
        Assert.Throws<ShapeException>(() => Parity.CheckAll(_ => [small, large], _ => [small], One));
        Assert.Throws<ShapeException>(() => Parity.CheckAll(i => i.Count == 1 ? [small] : [small, small], i => i.Count == 1 ? [small] : [small, small], [.. One, new([small, small])]));
    }

    [Fact]
    public void SmallLogitsMayHaveALeastScale()
    {
        TensorData a = TensorData.From<float>([1e-4f, 0], [1, 2]), b = TensorData.From<float>([1.1e-4f, 0], [1, 2]);
        Assert.False(Parity.Check(_ => a, _ => b, One).Passed);
        Assert.True(Parity.Check(_ => a, _ => b, One, new ParityTolerance { LeastScale = 1 }).Passed);
        Assert.Throws<OptionException>(() => Parity.Check(_ => a, _ => b, One, new ParityTolerance { LeastScale = -1 }));
    }

    [Fact]
    public void ModelsOfSeveralOutputsAreCompared()
    {
        var input = new Input(3);
        var model = new Model((LayerOutput[])[input], [new Dense(2).Apply(input), new Dense(4).Apply(input)]) { Seed = 1 };
        ParityCertificate found = Parity.Check(model, model, [new([TensorData.From<float>([1, 2, 3], [1, 3])])]);
        Assert.True(found.Passed);
        Assert.Equal(2, found.Outputs.Count);
    }
}
