using Anneal.Graphs;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Running sums, sorting and the largest elements: definitions, gradients and mistakes.</summary>
public sealed class OrderingTests
{
    private const double Nan = double.NaN, Infinity = double.PositiveInfinity;

    [Theory]
    [InlineData(false, false, new double[] { 1, 3, 6, 10 })]
    [InlineData(true, false, new double[] { 0, 1, 3, 6 })]
    [InlineData(false, true, new double[] { 10, 9, 7, 4 })]
    [InlineData(true, true, new double[] { 9, 7, 4, 0 })]
    public void CumulativeSumsFollowTheirDefinition(bool exclusive, bool reverse, double[] expected) =>
        Assert.Equal(expected, Evaluate([1, 2, 3, 4], [4], x => [x.CumulativeSum(-1, exclusive, reverse)])[0]);

    [Fact]
    public void CumulativeSumsRunAlongTheirAxis() =>
        Assert.Equal([1, 2, 4, 6], Evaluate([1, 2, 3, 4], [2, 2], x => [x.CumulativeSum(0)])[0]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SortingPutsNaNLastAndKeepsTheOrderOfEquals(bool descending)
    {
        double[] x = [2, Nan, -0.0, 3, 0, -Infinity, 2, Nan, Infinity];
        double[][] found = Evaluate(x, [9], t => Both(t.Sort(descending: descending)));
        int[] order = descending ? [8, 3, 0, 6, 2, 4, 5, 1, 7] : [5, 2, 4, 0, 6, 3, 8, 1, 7];
        Assert.Equal(order.Select(i => (double)i), found[1]);
        Assert.Equal(order.Select(i => x[i]), found[0]);
    }

    [Fact]
    public void TheLargestAreTheHeadOfTheSorted()
    {
        double[][] found = Evaluate([1, 5, 5, Nan, 4, 9], [2, 3], x => Both(x.TopK(2, axis: 1)));
        Assert.Equal([5, 5, 9, 4], found[0]);
        Assert.Equal([1, 2, 2, 1], found[1]);
        Assert.Equal([2, 0], Tensor.Zeros([2, 3]).TopK(0).Values.Shape);
    }

    [Fact]
    public void ANaNIsAmongTheLargestOnlyWhereNothingElseIsLeft() =>
        Assert.Equal([7, 3, Nan], Evaluate([3, Nan, 7], [3], x => Both(x.TopK(3)))[0]);

    [Fact]
    public void GradientsGoBackToWhereValuesCameFrom()
    {
        double[][] found = Evaluate([1, 5, 2, 7], [4], x =>
        {
            Tensor weights = Tensor.From(new double[] { 10, 20, 30 });
            return [Gradients.Of((x.TopK(3).Values * weights).Sum(), x)[0], Gradients.Of((x.Sort().Values.Narrow(0, 0, 3) * weights).Sum(), x)[0]];
        });
        Assert.Equal([0, 20, 30, 10], found[0]);
        Assert.Equal([10, 30, 20, 0], found[1]);
    }

    [Theory]
    [InlineData("sort")]
    [InlineData("top")]
    [InlineData("sum")]
    public void GradientsAgreeWithFiniteDifferences(string name)
    {
        double[] values = new CaseInput(new TensorType(DType.Float64, [3, 6, 2]), -3, 3) { Distinct = true }.Draw(4);
        GradientCheck.Run(name, [new TensorType(DType.Float64, [3, 6, 2])], [values], x => name switch
        {
            "sort" => [Tensor.Tanh(x[0].Sort(1, descending: true).Values)],
            "top" => [Tensor.Tanh(x[0].TopK(4, 1).Values)],
            _ => [Tensor.Tanh(x[0].CumulativeSum(1, exclusive: true))],
        });
    }

    [Fact]
    public void WholeNumbersAreSortedToo()
    {
        double[][] found = ReferenceDevice.Evaluate(Graph.Of("sort", [new(DType.Int64, 3)], x => Both(x[0].Sort())), [[2, 1, 2]]);
        Assert.Equal([[1, 2, 2], [1, 0, 2]], found);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        Tensor x = Tensor.Zeros([2, 3]), truth = x.EqualTo(0);
        Assert.Contains("has 3 elements, of which 4 cannot be taken", Throws<ShapeException>(() => x.TopK(4)), StringComparison.Ordinal);
        Assert.Contains("-1 cannot be taken", Throws<ShapeException>(() => x.TopK(-1)), StringComparison.Ordinal);
        Assert.Contains("no axis 2", Throws<ShapeException>(() => x.TopK(1, axis: 2)), StringComparison.Ordinal);
        Assert.Contains("no axis 2", Throws<ShapeException>(() => x.Sort(2)), StringComparison.Ordinal);
        Assert.Contains("no axis -3", Throws<ShapeException>(() => x.CumulativeSum(-3)), StringComparison.Ordinal);
        Assert.Contains("numbers", Throws<DTypeException>(() => truth.Sort()), StringComparison.Ordinal);
        Assert.Contains("numbers", Throws<DTypeException>(() => truth.CumulativeSum()), StringComparison.Ordinal);
    }

    private static Tensor[] Both((Tensor Values, Tensor Indices) sorted) => [sorted.Values, sorted.Indices];

    private static string Throws<T>(Action action) where T : Exception => Assert.Throws<T>(action).Message;

    private static double[][] Evaluate(double[] values, Shape shape, Func<Tensor, Tensor[]> function) =>
        ReferenceDevice.Evaluate(Graph.Of("test", [new(DType.Float64, shape)], x => function(x[0])), [values]);
}
