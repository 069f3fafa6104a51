using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Embeddings with masks and projections, and positions.</summary>
public class EmbeddingTests
{
    [Fact]
    public void ZerosAreMaskedWhereTheyArePadding()
    {
        Tensor words = Tensor.From(new int[,] { { 2, 0, 1 }, { 0, 0, 0 } });
        Assert.Null(Masks.Of(new Embedding(3, 4).Apply(words)));
        Tensor vectors = new Embedding(3, 4, maskZero: true).Apply(words);
        bool[] expected = [true, false, true, false, false, false];
        Assert.Equal(expected, Masks.Of(vectors)!.ToArray<bool>());
        Assert.Equal(expected, Masks.Of(new PositionalEmbedding(3).Apply(vectors))!.ToArray<bool>());
        Assert.Equal(expected, Masks.Of(new SinusoidalPositionalEmbedding().Apply(vectors))!.ToArray<bool>());
        Assert.Equal(expected, Masks.Of(new TransformerEncoderBlock(2, 3, returnAttentionScores: true).Apply(vectors))!.ToArray<bool>());
        Assert.Equal(expected, Masks.Of(new TransformerDecoderBlock(2, 3).Apply(vectors, vectors))!.ToArray<bool>());
        Assert.Equal(expected, Masks.Of(new FeedForward(3).Apply(vectors))!.ToArray<bool>());
    }

    [Fact]
    public void ScoresOfAttentionCarryNoMask()
    {
        Tensor vectors = new Embedding(3, 4, maskZero: true).Apply(Tensor.From(new int[,] { { 2, 0, 1 }, { 0, 0, 0 } }));
        (Tensor output, Tensor scores) = new MultiHeadAttention(3, keyDimension: 2, returnAttentionScores: true).ApplyWithScores(vectors, vectors);
        Assert.NotNull(Masks.Of(output));
        Assert.Null(Masks.Of(scores));
    }

    [Fact]
    public void TheTableServesAtBothEnds()
    {
        var embedding = new Embedding(3, 2, maskZero: true);
        Tensor vectors = embedding.Apply(Tensor.From(new int[,] { { 2, 0 } }));
        embedding.Table!.Value = TensorData.From<float>([1, 2, 3, 4, 5, 6], [3, 2]);
        vectors = embedding.Apply(Tensor.From(new int[,] { { 2, 0 } }));
        Tensor logits = embedding.Project(vectors);
        Assert.Equal([1, 2, 3], logits.Shape);
        Assert.Equal([17f, 39, 61, 5, 11, 17], logits.ToArray<float>());
        Assert.Equal([true, false], Masks.Of(logits)!.ToArray<bool>());
        Assert.Single(embedding.Parameters);
        Assert.Contains("float32", Assert.Throws<DTypeException>(() => embedding.Project(Tensor.From(1, 2))).Message, StringComparison.Ordinal);
        Assert.Contains("to project", Assert.Throws<DTypeException>(() => embedding.Project(Tensor.Zeros([1, 3]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BothUsesOfTheTableGiveGradients()
    {
        var embedding = new Embedding(4, 3);
        double[] Gradient(Func<Tensor, Tensor> loss) => Values.ToDoubles(Program.Compile(
            x => [Gradients.Of(loss(x[0]), embedding.Table!.Read())[0]]).Run(TensorData.From(new int[,] { { 1, 3 } })));
        embedding.Apply(Tensor.From(new int[,] { { 1, 3 } }));
        double[] both = Gradient(x => embedding.Project(embedding.Apply(x)).Sum());
        double[] first = Gradient(x => (embedding.Apply(x).MatMul(embedding.Table!.Read().StopGradient(), transposeOther: true)).Sum());
        double[] second = Gradient(x => embedding.Project(embedding.Apply(x).StopGradient()).Sum());
        Comparer.AssertClose([12], [.. first.Zip(second, (a, b) => a + b)], [12], both, new Tolerance(1e-6, 0), "table");
    }

    [Fact]
    public void PositionsCountFromZeroUnlessTheyAreGiven()
    {
        var layer = new PositionalEmbedding(4);
        layer.Apply(Tensor.Zeros([1, 1, 2]));
        layer.Table!.Value = TensorData.From<float>([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);
        Assert.Equal([2f, 3, 4, 5, 2, 3, 4, 5], layer.Apply(Tensor.Ones([2, 2, 2])).ToArray<float>());
        Assert.Equal([8f, 9, 2, 3], layer.Apply(Tensor.Ones([1, 2, 2]), Tensor.From(new int[,] { { 3, 0 } })).ToArray<float>());

        var waves = new SinusoidalPositionalEmbedding(100);
        float[] given = waves.Apply(Tensor.Ones([1, 2, 5]), Tensor.From(new long[,] { { 1000, 1 } })).ToArray<float>();
        float[] counted = waves.Apply(Tensor.Ones([1, 2, 5])).ToArray<float>();
        Assert.Equal(counted[5..], given[5..]);
        Assert.Equal(1 + Math.Sin(1000), given[0], 6);
        Assert.Equal(1 + Math.Cos(1000 * Math.Pow(100, -0.4)), given[3], 6);
    }

    [Fact]
    public void ASequenceLongerThanThePositionsIsRefused()
    {
        Says<ShapeException>(() => new PositionalEmbedding(3, name: "p").Apply(Tensor.Zeros([1, 5, 2])), "Layer p ", "3 positions", "5 steps", "2 too many");
        var layer = new PositionalEmbedding(3, name: "p");
        layer.Apply(Tensor.Zeros([1, 2, 2]));
        Says<ShapeException>(() => layer.Apply(Tensor.Zeros([1, 2, 3])), "Layer p ", "2 features", "[1, 2, 3]");
        Says<ShapeException>(() => layer.Apply(Tensor.Zeros([1, 2, 2]), Tensor.From(1, 2)), "Layer p ", "[1, 2]", "[2]");
        Says<DTypeException>(() => layer.Apply(Tensor.Zeros([1, 2, 2]), Tensor.Zeros([1, 2])), "Layer p ", "int32");
        Says<ShapeException>(() => new PositionalEmbedding(3, name: "p").Apply(Tensor.Zeros([1, 5])), "Layer p ", "[batch, time, features]");
        Says<ShapeException>(() => new SinusoidalPositionalEmbedding(name: "p").Apply(Tensor.Zeros([1, 0, 5])), "Layer p ", "at least one step");
        Says<DTypeException>(() => new SinusoidalPositionalEmbedding(name: "p").Apply(Tensor.Zeros([1, 2, 5], DType.Int32)), "Layer p ", "floating-point");
    }

    [Fact]
    public void PositionsOutOfRangeNameTheExample()
    {
        Input x = new([2, 4]), positions = new([2], DType.Int32);
        var model = new Model([x, positions], [new PositionalEmbedding(3).Apply(x, positions)]);
        ArrayDataset data = new([new TensorData(DType.Float32, [5, 2, 4]), TensorData.From([0, 1, 2, 0, 1, 3, 0, 0, 0, 0], [5, 2])], []);
        Says<InputException>(() => model.Predict(data), "positional_embedding", "0 to 2", "found 3", "input 1, example 2");
    }

    [Fact]
    public void ArgumentsAreChecked()
    {
        Says<OptionException>(() => new PositionalEmbedding(0), "PositionalEmbedding", "maximumLength");
        Says<OptionException>(() => new SinusoidalPositionalEmbedding(0.5), "maximumWavelength");
        Says<OptionException>(() => new Embedding(0, 1, maskZero: true), "vocabularySize");
        Says<ShapeException>(() => new Embedding(3, 1, maskZero: true, name: "e").Apply(Tensor.From(1, 2)), "Layer e ", "[batch, time]", "[2]");
    }

    private static void Says<T>(Action action, params string[] words) where T : Exception
    {
        T exception = Assert.Throws<T>(action);
        Assert.All(words, w => Assert.Contains(w, exception.Message, StringComparison.Ordinal));
    }
}
