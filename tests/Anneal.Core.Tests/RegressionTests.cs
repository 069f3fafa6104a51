using Anneal.Execution;
using Anneal.Reference;

namespace Anneal.Core.Tests;

/// <summary>Mistakes that once were there: each failed before its fix.</summary>
[Collection("default device")]
public sealed class RegressionTests
{
    public RegressionTests() => Device.Default = new ReferenceDevice();

    [Fact]
    public void GradientsOfATensorThatWasReadAreAnErrorNotZero()
    {
        Tensor x = Tensor.From(2f);
        Tensor h = x * x;
        h.Evaluate();
        Assert.Contains("has been read", Assert.Throws<TraceException>(() => Gradients.Of(h * 3, x)).Message);
    }

    [Fact]
    public void ATensorFromOutsideOfATraceHasAGradientInside()
    {
        Tensor w = Tensor.From(1f, 2f);
        Program program = Program.Compile(x => Gradients.Of((x * w).Sum(), w)[0]);
        Assert.Equal([5f, 6f], program.Run(TensorData.From<float>([5, 6])).ToArray<float>());
    }

    [Fact]
    public void NoGradientFlowsThroughAnUpdate()
    {
        var w = new Parameter(TensorData.From<float>([1]), "w");
        Program program = Program.Compile(() =>
        {
            w.Assign(w - Gradients.Of((w * w).Sum(), [w])[0] * 0.25);
            return Gradients.Of((w * 1.0).Sum(), [w])[0];
        });
        Assert.Equal([1f], program.Run().ToArray<float>());
        Assert.Equal([0.5f], w.Value.ToArray<float>());
    }

    [Fact]
    public void ANumberThatATypeCannotHoldIsAnError()
    {
        Assert.Throws<DTypeException>(() => Tensor.From(1, 2, 4).Mean());
        Assert.Throws<DTypeException>(() => Tensor.From(1, 2).LessThan(2.5));
    }

    [Fact]
    public void AHugeShapeHasNoByteCount() => Assert.Throws<ShapeException>(() => new TensorData(DType.Float64, [1L << 61]));

    [Fact]
    public void AVectorTimesAVectorIsANumber() => Assert.Equal(11, Tensor.From(1f, 2f).MatMul(Tensor.From(3f, 4f)).Item<float>());

    [Fact]
    public void WhatAScatterLeavesOutHasNoGradient()
    {
        Tensor indices = Tensor.From(0, 5), values = Tensor.From(1f, 2f);
        Tensor scattered = Graphs.Node.Apply(new Ops.ScatterAddAlong(0, [3]), indices, values);
        Assert.Equal([1f, 0f], Gradients.Of(scattered.Sum(), values)[0].ToArray<float>());
    }

    [Fact]
    public void ThePowerOfZeroIsFlat()
    {
        Tensor x = Tensor.From(0f);
        Assert.Equal([0f], Gradients.Of(Tensor.Pow(x, Tensor.From(0f)).Sum(), x)[0].ToArray<float>());
    }

    [Fact]
    public void Relu6KeepsNaN() => Assert.True(float.IsNaN(Tensor.Relu6(Tensor.From(float.NaN)).Item<float>()));

    [Fact]
    public void WholeNumbersAreWholeInTheReference() => Assert.Equal(6, (Tensor.From(7) / 2 * 2).Item<int>());

    /// <summary>Three of the largest lie in two rows: one fold after another gave them 1/4, 1/4 and 1/2.</summary>
    [Fact]
    public void EqualExtremesOverAxesThatLieApartShareTheGradientEvenly()
    {
        float[] values = [5, 5, 0, 0, 1, 1, /**/ 5, 1, 0, 0, 1, 1];
        Program largest = Program.Compile(x => Gradients.Of(x.Max([0, 2]).Sum(), x)[0]);
        float third = 1 / 3f;
        Assert.Equal(
            [third, third, 0.25f, 0.25f, 0.25f, 0.25f, third, 0, 0.25f, 0.25f, 0.25f, 0.25f], largest.Run(TensorData.From(values, [2, 3, 2])).ToArray<float>());
        Program least = Program.Compile(x => x.Min([0, 2], keepAxes: true));
        TensorData result = least.Run(TensorData.From(values, [2, 3, 2]));
        Assert.Equal([1, 3, 1], result.Shape);
        Assert.Equal([1f, 0, 1], result.ToArray<float>());
    }

    /// <summary>Folding constants once refused what the type cannot hold, where arithmetic wraps around and conversions saturate.</summary>
    [Fact]
    public void ConstantsOfSmallWholeTypesWrapAndSaturate()
    {
        Assert.Equal([255], Program.Compile(() => Tensor.Full([1], 300).Cast(DType.UInt8)).Run().ToArray<byte>());
        Assert.Equal([44], Program.Compile(() => Tensor.Full([1], 200, DType.UInt8) + 100).Run().ToArray<byte>());
        Assert.Equal([255], Program.Compile(() => -Tensor.Full([1], 1, DType.UInt8)).Run().ToArray<byte>());
        Assert.Equal([0], Program.Compile(() => Tensor.Pow(Tensor.Full([1], 2, DType.Int32), Tensor.Full([1], -1, DType.Int32))).Run().ToArray<int>());
    }

    /// <summary>Positions were counted in 8 bits.</summary>
    [Fact]
    public void MoreClassesThanTheTypeOfIndicesCounts()
    {
        float[] hot = Tensor.From<sbyte>(127).OneHot(200).ToArray<float>();
        Assert.Equal(1, hot[127]);
        Assert.Equal(1, hot.Sum());
    }

    [Fact]
    public void ThePositionsOfNothingAreNone()
    {
        Assert.Equal([0], Tensor.Zeros([0, 0]).ArgMax(1).Shape);
        Assert.Throws<ShapeException>(() => Tensor.Zeros([2, 0]).ArgMax(1));
    }
}
