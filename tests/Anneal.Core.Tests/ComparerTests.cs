using Anneal.Testing;
using Xunit.Sdk;

namespace Anneal.Core.Tests;

/// <summary>The comparer with planted faults: what it lets through, every other test lets through.</summary>
public sealed class ComparerTests
{
    private static readonly Tolerance Close = new(1e-6, 1e-6);

    [Theory]
    [InlineData(1.0, double.NaN)]
    [InlineData(double.NaN, 1.0)]
    [InlineData(double.PositiveInfinity, double.MaxValue)]
    [InlineData(double.PositiveInfinity, double.NegativeInfinity)]
    [InlineData(1.0, double.PositiveInfinity)]
    [InlineData(0.0, 1e-5)]
    [InlineData(1.0, 1.00001)]
    public void DifferentValuesFail(double expected, double actual) =>
        Assert.NotNull(Comparer.Difference([0, expected], [0, actual], Close));

    [Theory]
    [InlineData(double.NaN, double.NaN)]
    [InlineData(double.NegativeInfinity, double.NegativeInfinity)]
    [InlineData(0.0, -0.0)]
    [InlineData(1.0, 1.0000001)]
    public void EqualValuesPass(double expected, double actual) =>
        Assert.Null(Comparer.Difference([0, expected], [0, actual], Close));

    [Fact]
    public void AnInfiniteToleranceStillRejectsNaN() =>
        Assert.NotNull(Comparer.Difference([1], [double.NaN], new Tolerance(double.PositiveInfinity, 0)));

    [Fact]
    public void ANaNToleranceRejectsEverything() =>
        Assert.NotNull(Comparer.Difference([1], [1], new Tolerance(double.NaN, 0)));

    [Fact]
    public void AMissingValueFails() => Assert.NotNull(Comparer.Difference([1, 2], [1], Close));

    [Fact]
    public void AWrongShapeFails() =>
        Assert.Throws<XunitException>(() => Comparer.AssertClose([2, 1], [1, 2], [1, 2], [1, 2], Close, "shape"));

    [Fact]
    public void ALostGradientFails()
    {
        Assert.Throws<XunitException>(() => Comparer.AssertPresent(null, true, "weight"));
        Assert.Throws<XunitException>(() => Comparer.AssertPresent(Tensor.Zeros([]), false, "label"));
    }
}
