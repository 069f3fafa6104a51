using Anneal.Graphs;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Functions of <see cref="Tensor"/> that are made of other operations: gradients, edges and mistakes.</summary>
public sealed class CompositeFunctionTests
{
    private static readonly Dictionary<string, Func<Tensor, Tensor>> Functions = new()
    {
        ["Reciprocal"] = x => Tensor.Reciprocal(x + 5),
        ["Relu6"] = x => Tensor.Relu6(x * 3),
        ["LeakyRelu"] = x => Tensor.LeakyRelu(x, 0.2),
        ["Elu"] = x => Tensor.Elu(x, 1.3),
        ["Selu"] = Tensor.Selu,
        ["Gelu"] = Tensor.Gelu,
        ["GeluTanh"] = Tensor.GeluTanh,
        ["Silu"] = Tensor.Silu,
        ["Mish"] = Tensor.Mish,
        ["HardSigmoid"] = Tensor.HardSigmoid,
        ["HardSwish"] = Tensor.HardSwish,
        ["Softsign"] = Tensor.Softsign,
        ["Softplus"] = Tensor.Softplus,
        ["LogSigmoid"] = Tensor.LogSigmoid,
        ["Variance"] = x => x.Variance([0, 2], keepAxes: true),
        ["StandardDeviation"] = x => x.StandardDeviation([1], unbiased: true),
        ["Norm"] = x => x.Norm([-1]),
        ["LogSumExp"] = x => x.LogSumExp(1, keepAxis: true),
        ["Gather"] = x => x.Gather(1, Tensor.From([3, 0, 3, 1], [2, 2])),
        ["ScatterAddAlong"] = x => x.ScatterAddAlong(1, Tensor.From(new int[30], [3, 2, 5]), x.Narrow(1, 0, 2)),
        ["Tril"] = x => x.Tril(1),
        ["PadReflect"] = x => x.PadReflect([1, 0, 4], [2, 3, 0]),
        ["Einsum"] = x => Tensor.Einsum("ijk,kal->lai", x, x.Transpose(2, 1, 0)),
    };

    public static TheoryData<string> Names => [.. Functions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientsAgreeWithFiniteDifferences(string name)
    {
        // Away from the kinks at 0 and at ±3, so that a small step stays on one side.
        double[] values = [.. Values.Uniform(60, -2.8, 2.8, 5).Select(v => Math.Abs(v) < 0.05 ? v + 0.2 : v).Select(v => Math.Abs(v - 2) < 0.05 ? v - 0.2 : v)];
        GradientCheck.Run(name, [new TensorType(DType.Float64, [3, 4, 5])], [values], x => [Functions[name](x[0])]);
    }

    [Fact]
    public void SoftplusIsSmoothAtZero()
    {
        double[][] found = Evaluate([0], x =>
        {
            Tensor first = Gradients.Of(Tensor.Softplus(x).Sum(), x)[0];
            return [Tensor.Softplus(x), first, Gradients.Of(first.Sum(), x)[0]];
        });
        Assert.Equal([Math.Log(2), 0.5, 0.25], found.Select(f => f[0]));
    }

    [Fact]
    public void ExtremesNeitherOverflowNorTurnIntoNaN()
    {
        double[][] found = Evaluate([-1e4, 1e4], x =>
        {
            Tensor[] values = [Tensor.Softplus(x), Tensor.LogSigmoid(x), Tensor.Elu(x), Tensor.Mish(x), Tensor.Silu(x)];
            return [.. values, .. values.Select(v => Gradients.Of(v.Sum(), x)[0])];
        });
        Assert.Equal([[0, 1e4], [-1e4, 0], [-1, 1e4], [0, 1e4], [0, 1e4], [0, 1], [1, 0], [0, 1], [0, 1], [0, 1]], found);
    }

    [Fact]
    public void LogSumExpOfNothingIsMinusInfinity()
    {
        double[] found = Evaluate([double.NegativeInfinity, double.NegativeInfinity], x => [x.LogSumExp()])[0];
        Assert.Equal([double.NegativeInfinity], found);
    }

    [Fact]
    public void NormIsFlatAtZero()
    {
        double[][] found = Evaluate([0, 0], x => [x.Norm(), Gradients.Of(x.Norm(), x)[0]]);
        Assert.Equal([[0], [0, 0]], found);
    }

    [Theory]
    [InlineData("ij,jk->ik", 2, 3, 4)]
    [InlineData("ij,jk->ki", 2, 3, 4)]
    [InlineData("ij,jk->", 2, 3, 4)]
    [InlineData("ij,jk->j", 2, 3, 4)]
    [InlineData("ij,kj->jik", 2, 3, 4)]
    [InlineData("ij,jk->ijk", 2, 3, 1)]
    public void EinsumFollowsItsDefinition(string equation, int i, int j, int k)
    {
        string[] parts = equation.Split(',', '-', '>');
        var extents = new Dictionary<char, int> { ['i'] = i, ['j'] = j, ['k'] = k };
        long[] Extents(string letters) => [.. letters.Select(c => (long)extents[c])];
        Shape a = new(Extents(parts[0])), b = new(Extents(parts[1])), c = new(Extents(parts[^1]));
        double[] x = Values.Uniform(a.ElementCount, -1, 1, 1), y = Values.Uniform(b.ElementCount, -1, 1, 2);
        var expected = new double[c.ElementCount];
        for (int n = 0; n < i * j * k; n++)
        {
            var at = new Dictionary<char, int> { ['i'] = n / (j * k), ['j'] = n / k % j, ['k'] = n % k };
            long Index(string letters) => letters.Aggregate(0L, (index, letter) => index * extents[letter] + at[letter]);
            expected[Index(parts[^1])] += x[Index(parts[0])] * y[Index(parts[1])];
        }

        Graph graph = Graph.Of("einsum", [new(DType.Float64, a), new(DType.Float64, b)], t => [Tensor.Einsum(equation, t[0], t[1])]);
        Comparer.AssertClose(c, expected, graph.Outputs[0].Shape, ReferenceDevice.Evaluate(graph, [x, y])[0], new Tolerance(1e-14, 0), equation);
    }

    [Theory]
    [InlineData("ij->ij")]
    [InlineData("ij,jk")]
    [InlineData("ii,ij->j")]
    [InlineData("ij,jk->il")]
    [InlineData("i1,1k->ik")]
    public void EinsumRefusesWhatIsNoEquation(string equation)
    {
        var mistake = Assert.Throws<OptionException>(() => Tensor.Einsum(equation, Tensor.Zeros([2, 2]), Tensor.Zeros([2, 2])));
        Assert.Contains(equation, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ShapesThatDoNotFitAreNamed()
    {
        Tensor x = Tensor.Zeros([2, 3]);
        Assert.Contains("\"ijk\" names 3 axes", Throws(() => Tensor.Einsum("ijk,jl->il", x, x)), StringComparison.Ordinal);
        Assert.Contains("axes of one letter differ", Throws(() => Tensor.Einsum("ij,jk->ik", x, x)), StringComparison.Ordinal);
        Assert.Contains("at least two axes", Throws(() => Tensor.Zeros([3]).Tril()), StringComparison.Ordinal);
        Assert.Contains("cannot be mirrored by 0 and 3", Throws(() => x.PadReflect([0, 0], [0, 3])), StringComparison.Ordinal);
        Assert.Contains("each of its 2 axes", Throws(() => x.PadReflect([0], [0])), StringComparison.Ordinal);
    }

    private static string Throws(Action action) => Assert.Throws<ShapeException>(action).Message;

    private static double[][] Evaluate(double[] values, Func<Tensor, Tensor[]> function) =>
        ReferenceDevice.Evaluate(Graph.Of("test", [new(DType.Float64, values.Length)], x => function(x[0])), [values]);
}
