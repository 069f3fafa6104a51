using Anneal.Graphs;
using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Core.Tests;

/// <summary>Attention and the encodings of positions against their definitions, their edges and mistakes.</summary>
public sealed class AttentionTests
{
    private static readonly Tolerance Exact = new(1e-13, 1e-13);

    [Theory]
    [InlineData(3, 3, 5, 7, false, null)]
    [InlineData(6, 2, 5, 7, false, null)]
    [InlineData(4, 1, 6, 6, true, 0.3)]
    [InlineData(2, 2, 3, 5, true, null)]
    [InlineData(2, 1, 5, 3, true, null)]
    [InlineData(2, 2, 1, 1, true, null)]
    public void AttentionFollowsItsDefinition(int heads, int keyHeads, int queries, int keys, bool causal, double? scale)
    {
        foreach (string mask in (string[])["none", "bool", "additive"])
        {
            (TensorType[] types, double[][] inputs) = Arguments(heads, keyHeads, queries, keys, mask);
            double[] expected = Attention(heads, keyHeads, queries, keys, causal, scale, inputs);
            Graph graph = Graph.Of("attention", types, x => [Tensor.ScaledDotProductAttention(x[0], x[1], x[2], x.ElementAtOrDefault(3), causal, scale)]);
            Comparer.AssertClose([2, heads, queries, 3], expected, graph.Outputs[0].Shape, ReferenceDevice.Evaluate(graph, inputs)[0], Exact, mask);
        }
    }

    [Theory]
    [InlineData("none", false)]
    [InlineData("none", true)]
    [InlineData("bool", false)]
    [InlineData("bool", true)]
    [InlineData("additive", true)]
    public void GradientsAgreeWithFiniteDifferences(string mask, bool causal)
    {
        (TensorType[] types, double[][] inputs) = Arguments(4, 2, 3, 4, mask);
        GradientCheck.Run("attention", types, inputs, x => [Tensor.ScaledDotProductAttention(x[0], x[1], x[2], x.ElementAtOrDefault(3), causal)]);
    }

    [Theory]
    [InlineData("bool")]
    [InlineData("additive")]
    public void AQueryForWhichNoKeyCountsGivesZeroAndNoGradient(string kind)
    {
        (TensorType[] types, double[][] inputs) = Arguments(2, 1, 3, 4, kind);

        // The second query may attend to nothing.
        for (int i = 0; i < inputs[3].Length; i++)
            inputs[3][i] = kind == "bool" ? (i / 4 % 3 == 1 ? 0 : 1) : (i / 4 % 3 == 1 ? double.NegativeInfinity : 0.5);
        Graph graph = Graph.Of("masked", types, x =>
        {
            Tensor y = Tensor.ScaledDotProductAttention(x[0], x[1], x[2], x[3]);
            return [y, .. Gradients.Of(y.Sum(), x[0], x[1], x[2]), .. Gradients.Of(y.Narrow(2, 1, 1).Sum(), x[0], x[1], x[2])];
        });
        double[][] found = ReferenceDevice.Evaluate(graph, inputs);
        Assert.All(found, values => Assert.All(values, v => Assert.True(double.IsFinite(v))));
        Assert.All(Enumerable.Range(0, found[0].Length), i => Assert.Equal(i / 3 % 3 == 1, found[0][i] == 0));
        Assert.All(Enumerable.Range(0, found[1].Length), i => Assert.Equal(i / 5 % 3 == 1, found[1][i] == 0));
        Assert.All(found[4..], values => Assert.All(values, v => Assert.Equal(0, v)));
    }

    [Fact]
    public void HugeScoresChooseOneKey()
    {
        double[][] found = Evaluate([1e4, -1e4], [2], x =>
        {
            Tensor query = x.Reshape(1, 1, 2, 1), key = x.Reshape(1, 1, 2, 1);
            Tensor y = Tensor.ScaledDotProductAttention(query, key, x.Reshape(1, 1, 2, 1), scale: 1);
            return [y, Gradients.Of(y.Sum(), x)[0]];
        });
        Assert.Equal([1e4, -1e4], found[0]);
        Assert.Equal([1.0, 1], found[1]);
    }

    [Fact]
    public void EqualScoresOfAnySizeShareEvenly()
    {
        double[] found = Evaluate([1e4, 1e4, 1e4, 1e4], [4], x =>
            [Tensor.AttentionWeights(x.Reshape(1, 1, 4, 1), x.Reshape(1, 1, 4, 1), causal: true, scale: 1)])[0];
        Assert.Equal([1, 0, 0, 0, 0.5, 0.5, 0, 0, 1 / 3.0, 1 / 3.0, 1 / 3.0, 0, 0.25, 0.25, 0.25, 0.25], found);
    }

    [Fact]
    public void TheSoftmaxOfNothingButMinusInfinityIsNotANumberButThatOfAttentionIsZero()
    {
        double low = double.NegativeInfinity;
        Assert.Equal([double.NaN, double.NaN], Evaluate([low, low], [2], x => [x.Softmax()])[0]);
        Assert.Equal([0, 1.0], Evaluate([low, 3], [2], x => [x.Softmax()])[0]);
        Assert.Equal([0.0, 0], Evaluate([low, low], [1, 1, 1, 2], mask => [Tensor.AttentionWeights(Ones(1, 1), Ones(1, 2), mask)])[0]);
    }

    [Theory]
    [InlineData(RotaryPairing.Halves, null, 10000.0)]
    [InlineData(RotaryPairing.Interleaved, null, 10000.0)]
    [InlineData(RotaryPairing.Halves, 4, 500000.0)]
    [InlineData(RotaryPairing.Interleaved, 2, 100.0)]
    public void RotaryPositionsFollowTheirDefinition(RotaryPairing pairing, int? dimension, double @base)
    {
        const int Offset = 1000, Features = 6;
        var options = new RotaryOptions { Base = @base, Pairing = pairing, Dimension = dimension };
        double[] x = Values.Uniform(2 * 3 * 4 * Features, -1, 1, 3), expected = [.. x];
        int turned = dimension ?? Features;
        for (int row = 0; row < 2 * 3 * 4; row++)
        {
            for (int i = 0; i < turned / 2; i++)
            {
                double angle = (Offset + row % 4) * Math.Pow(@base, -2.0 * i / turned);
                (int a, int b) = pairing == RotaryPairing.Halves ? (i, i + turned / 2) : (2 * i, 2 * i + 1);
                (a, b) = (row * Features + a, row * Features + b);
                expected[a] = x[a] * Math.Cos(angle) - x[b] * Math.Sin(angle);
                expected[b] = x[b] * Math.Cos(angle) + x[a] * Math.Sin(angle);
            }
        }

        Shape shape = [2, 3, 4, Features];
        Tensor positions = Tensor.From([1000, 1001, 1002, 1003, 1000, 1001, 1002, 1003], [2, 4]);
        double[][] found = Evaluate(x, shape, t => [Tensor.RotaryEmbedding(t, options, Offset), Tensor.RotaryEmbedding(t, positions, options)]);
        Comparer.AssertClose(shape, expected, shape, found[0], new Tolerance(1e-11, 0), "offset");
        Assert.Equal(found[0], found[1]);
        GradientCheck.Run("rotary", [new TensorType(DType.Float64, shape)], [x], t => [Tensor.RotaryEmbedding(t[0], options, Offset)]);
    }

    [Fact]
    public void ProductsOfRotaryPositionsDependOnTheDistanceAlone()
    {
        double[] x = Values.Uniform(5 * 8, -1, 1, 4);
        double[][] found = Evaluate(x, [1, 1, 5, 8], t =>
        [
            .. ((long[])[0, 70]).Select(offset =>
            {
                Tensor turned = Tensor.RotaryEmbedding(t, offset: offset);
                return turned.MatMul(turned, transposeOther: true);
            }),
        ]);
        Comparer.AssertClose([25], found[0], [25], found[1], new Tolerance(1e-12, 0), "distance");
    }

    [Theory]
    [InlineData(6)]
    [InlineData(5)]
    [InlineData(1)]
    public void SinusoidsFollowTheirDefinition(int dimension)
    {
        Graph graph = Graph.Of("sinusoids", [], _ => [Tensor.SinusoidalEncoding(Tensor.From(0, 1, 5000), dimension, 100, DType.Float64)]);
        double[] expected =
        [
            .. ((int[])[0, 1, 5000]).SelectMany(p => Enumerable.Range(0, dimension).Select(j =>
            {
                double angle = p * Math.Pow(100, -2.0 * (j / 2) / dimension);
                return j % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle);
            })),
        ];
        Comparer.AssertClose([3, dimension], expected, graph.Outputs[0].Shape, ReferenceDevice.Evaluate(graph, [])[0], new Tolerance(1e-10, 0), "sinusoids");
    }

    [Fact]
    public void MistakesAreNamed()
    {
        Tensor x = Tensor.Zeros([2, 3, 4, 6]);
        Assert.Contains("[2, 4, 6]", Throws(() => Tensor.ScaledDotProductAttention(Tensor.Zeros([2, 4, 6]), x, x)), StringComparison.Ordinal);
        Assert.Contains("3 query heads do not divide among 2", Throws(() => Tensor.ScaledDotProductAttention(x, Tensor.Zeros([2, 2, 4, 6]), x)), StringComparison.Ordinal);
        Assert.Contains("same batch and dimension", Throws(() => Tensor.ScaledDotProductAttention(x, Tensor.Zeros([2, 3, 4, 5]), x)), StringComparison.Ordinal);
        Assert.Contains("do not fit values", Throws(() => Tensor.ScaledDotProductAttention(x, x, Tensor.Zeros([2, 3, 5, 6]))), StringComparison.Ordinal);
        Assert.Contains("at least one key", Throws(() => Tensor.ScaledDotProductAttention(x, Tensor.Zeros([2, 3, 0, 6]), x)), StringComparison.Ordinal);
        Assert.Contains("[2, 3, 4, 4], but found one of shape [4, 5]", Throws(() => Tensor.ScaledDotProductAttention(x, x, x, Tensor.Zeros([4, 5]))), StringComparison.Ordinal);
        Assert.Throws<DTypeException>(() => Tensor.ScaledDotProductAttention(x, x, x, Tensor.Zeros([4, 4], DType.Int32)));
        Assert.Throws<DTypeException>(() => Tensor.ScaledDotProductAttention(x, x.Cast(DType.Float64), x));
        Assert.Throws<OptionException>(() => Tensor.ScaledDotProductAttention(x, x, x, dropout: 1));
        Assert.Throws<TraceException>(() => Tensor.ScaledDotProductAttention(x, x, x, dropout: 0.5));
        Assert.Contains("of 6 in a head 8", Throws(() => Tensor.RotaryEmbedding(x, new RotaryOptions { Dimension = 8 })), StringComparison.Ordinal);
        Assert.Contains("of 5 in a head 5", Throws(() => Tensor.RotaryEmbedding(Tensor.Zeros([1, 1, 1, 5]))), StringComparison.Ordinal);
        Assert.Contains("positions [time] or [batch, time]", Throws(() => Tensor.RotaryEmbedding(x, Tensor.Range(5))), StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => Tensor.RotaryEmbedding(x, offset: -1));
        Assert.Throws<OptionException>(() => Tensor.RotaryEmbedding(x, new RotaryOptions { Base = 0 }));
        Assert.Throws<OptionException>(() => Tensor.RotaryEmbedding(x, new RotaryOptions { Dimension = 3 }));
        Assert.Throws<OptionException>(() => Tensor.RotaryEmbedding(x, new RotaryOptions { Pairing = (RotaryPairing)7 }));
        Assert.Throws<DTypeException>(() => Tensor.RotaryEmbedding(x, Tensor.Zeros([4])));
        Assert.Throws<DTypeException>(() => Tensor.SinusoidalEncoding(Tensor.Zeros([4]), 3));
        Assert.Throws<DTypeException>(() => Tensor.SinusoidalEncoding(Tensor.Range(4), 3, dtype: DType.Int32));
        Assert.Throws<OptionException>(() => Tensor.SinusoidalEncoding(Tensor.Range(4), 0));
        Assert.Throws<OptionException>(() => Tensor.SinusoidalEncoding(Tensor.Range(4), 2, double.NaN));
    }

    [Fact]
    public void DropoutOfWeightsDropsTheRateAndKeepsTheMean()
    {
        Tensor x = Tensor.Zeros([8, 4, 32, 2]), ones = Tensor.Ones([8, 4, 32, 1]);
        var program = Program.Compile(
            () => Tensor.ScaledDotProductAttention(x, x, ones, dropout: 0.25), new ProgramOptions { Seed = 3, Device = new ReferenceDevice() });
        float[] first = program.Run().ToArray<float>();

        // Each result is the mean of 32 weights that are 0 or 1 / 0.75: of 1024 results the mean is 1 within 4 deviations.
        Assert.InRange(first.Average(), 1 - 0.013, 1 + 0.013);
        Assert.All(first, v => Assert.Equal(Math.Round(v * 24), v * 24, 3));
        Assert.NotEqual(first, program.Run().ToArray<float>());
    }

    private static (TensorType[] Types, double[][] Inputs) Arguments(int heads, int keyHeads, int queries, int keys, string mask)
    {
        var types = new List<TensorType>
        {
            new(DType.Float64, [2, heads, queries, 5]), new(DType.Float64, [2, keyHeads, keys, 5]), new(DType.Float64, [2, keyHeads, keys, 3]),
        };
        if (mask != "none")
            types.Add(new TensorType(mask == "bool" ? DType.Bool : DType.Float64, [2, 1, queries, keys]));
        double[][] inputs = [.. types.Select((t, i) => Values.Uniform(t.Shape.ElementCount, -1, 1, 7 + i))];
        if (mask == "bool")
            inputs[3] = [.. inputs[3].Select((v, i) => v > 0.2 || i % keys == 0 ? 1.0 : 0)];
        return ([.. types], inputs);
    }

    private static double[] Attention(int heads, int keyHeads, int queries, int keys, bool causal, double? scale, double[][] inputs)
    {
        var result = new double[2 * heads * queries * 3];
        for (int row = 0; row < 2 * heads * queries; row++)
        {
            (int batch, int head, int q) = (row / queries / heads, row / queries % heads, row % queries);
            int keyHead = batch * keyHeads + head / (heads / keyHeads);
            var weights = new double[keys];
            for (int k = 0; k < keys; k++)
            {
                double score = Enumerable.Range(0, 5).Sum(d => inputs[0][row * 5 + d] * inputs[1][(keyHead * keys + k) * 5 + d]) * (scale ?? 1 / Math.Sqrt(5));
                double mask = inputs.Length < 4 ? double.NaN : inputs[3][(batch * queries + q) * keys + k];
                bool isBool = inputs.Length > 3 && inputs[3].All(v => v is 0 or 1);
                bool counts = !(causal && k > q) && !(isBool && mask == 0);
                weights[k] = counts ? Math.Exp(score + (inputs.Length > 3 && !isBool ? mask : 0)) : 0;
            }

            for (int d = 0; d < 3; d++)
                result[row * 3 + d] = Enumerable.Range(0, keys).Sum(k => weights[k] / weights.Sum() * inputs[2][(keyHead * keys + k) * 3 + d]);
        }

        return result;
    }

    private static Tensor Ones(int queries, int time) => Tensor.Ones([1, 1, queries * time, 1], DType.Float64);

    private static string Throws(Action action) => Assert.Throws<ShapeException>(action).Message;

    private static double[][] Evaluate(double[] values, Shape shape, Func<Tensor, Tensor[]> function) =>
        ReferenceDevice.Evaluate(Graph.Of("test", [new(DType.Float64, shape)], x => function(x[0])), [values]);
}
