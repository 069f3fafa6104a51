using Anneal.Data;
using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>Texts that are packed into one row give the logits that each of them gives alone.</summary>
public sealed class PackingTests
{
    private static readonly int[][] Texts = [[5, 9, 11, 3, 40, 7, 8], [12, 4, 33], [60, 2, 2, 17, 9]];

    public static TheoryData<string> Decoders => DecodingTests.Decoders;

    [Theory]
    [MemberData(nameof(Decoders))]
    public void ATextInARowIsAsAlone(string name)
    {
        var model = (CausalLanguageModel)Published.Load(name);
        PackedSequences packed = SequencePacking.Pack(Texts, length: 16);
        Assert.Equal(1, packed.Tokens.Shape[0]);
        Dataset rows = packed.ToLanguageModelDataset();
        TensorData listed = model.Predict(rows);
        float[] counted = Program.Compile((ids, segments) => model.Apply(ids, segments: segments)).Run(packed.Tokens, packed.Segments).ToArray<float>();
        foreach ((int[] text, PackedPlace place) in Texts.Zip(packed.Places))
        {
            float[] alone = model.Predict(TensorData.From(text, [1, text.Length])).ToArray<float>();
            Assert.Equal(text.Length, place.Length);
            int start = place.Start * model.VocabularySize;
            Same(alone, listed.ToArray<float>()[start..(start + alone.Length)], name + ", listed");
            Same(alone, counted[start..(start + alone.Length)], name + ", positions counted");
        }
    }

    [Fact]
    public void SegmentsMustFitTheTokens()
    {
        var model = (CausalLanguageModel)Published.Load("gpt2");
        Tensor ids = Tensor.Zeros([1, 4], DType.Int64);
        Assert.Throws<ShapeException>(() => model.Apply(ids, segments: Tensor.Zeros([1, 5], DType.Int32)));
        Assert.Throws<DTypeException>(() => model.Apply(ids, segments: Tensor.Zeros([1, 4])));
    }

    private static void Same(float[] expected, float[] actual, string what) => Comparer.AssertClose(
        new Shape(expected.Length), [.. expected.Select(v => (double)v)], new Shape(actual.Length), [.. actual.Select(v => (double)v)], new Tolerance(1e-5 * expected.Max(Math.Abs), 0), what);
}
