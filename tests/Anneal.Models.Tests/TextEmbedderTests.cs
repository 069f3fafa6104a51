using Anneal.Data;

namespace Anneal.Models.Tests;

/// <summary>Texts as vectors.</summary>
public sealed class TextEmbedderTests
{
    private static readonly string[] Texts = ["numbers", "a much longer text about numbers and other things", "and"];

    [Theory]
    [InlineData("bert", EmbeddingPooling.Mean)]
    [InlineData("bert", EmbeddingPooling.First)]
    [InlineData("roberta", EmbeddingPooling.Mean)]
    [InlineData("distilbert", EmbeddingPooling.Last)]
    public void AnEncodersVectorsArePooledFeatures(string name, EmbeddingPooling pooling)
    {
        var model = (TextEncoderModel)Published.Load(name);
        Tokenizer tokenizer = Letters(begin: "<s>");
        var embedder = new TextEmbedder(model, tokenizer, new() { Pooling = pooling, Normalize = false, BatchSize = 2 });
        IReadOnlyList<TextEmbedding> found = embedder.Embed(Texts);
        for (int i = 0; i < Texts.Length; i++)
        {
            float[] features = Features(model, tokenizer, Texts[i], out int count);
            Assert.Equal((embedder.Dimensions, count, false), (found[i].Vector.Count, found[i].TokenCount, found[i].IsTruncated));
            for (int k = 0; k < embedder.Dimensions; k++)
            {
                float[] column = [.. Enumerable.Range(0, count).Select(t => features[t * embedder.Dimensions + k])];
                Assert.Equal(pooling switch { EmbeddingPooling.Mean => column.Average(), EmbeddingPooling.First => column[0], _ => column[^1] }, found[i].Vector[k], 2e-5f);
            }
        }
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gpt2")]
    public void TheLastFeaturesOfACausalModelGiveItsNextToken(string name)
    {
        var model = (CausalLanguageModel)Published.Load(name);
        Tokenizer tokenizer = Letters(begin: null);
        var embedder = new TextEmbedder(model, tokenizer, new() { Normalize = false });
        Assert.Equal(EmbeddingPooling.Last, embedder.Pooling);
        IReadOnlyList<TextEmbedding> found = embedder.Embed(Texts);
        for (int i = 0; i < Texts.Length; i++)
        {
            long[] ids = [.. tokenizer.Encode(Texts[i]).Ids.ToArray().Select(id => (long)id)];
            float[] expected = model.Predict(TensorData.From(ids, [1, ids.Length])).ToArray<float>()[^model.VocabularySize..];
            TensorData vector = TensorData.From<float>([.. found[i].Vector], [1, 1, embedder.Dimensions]);
            float[] logits = Program.Compile((Tensor x) => model.Logits(x)).Run(vector).ToArray<float>();
            for (int k = 0; k < expected.Length; k++)
                Assert.Equal(expected[k], logits[k], 2e-4f);
        }
    }

    [Fact]
    public void VectorsHaveLengthOneAndTextsAreCut()
    {
        var embedder = new TextEmbedder(Published.Load("bert"), Letters(begin: "<s>"), new() { MaximumLength = 5 });
        Assert.Equal((EmbeddingPooling.Mean, 5), (embedder.Pooling, embedder.MaximumLength));
        IReadOnlyList<TextEmbedding> found = embedder.Embed(["abcd", "abcdefg", "abcdxyz"]);
        Assert.All(found, f => Assert.Equal(1, f.Vector.Sum(v => (double)v * v), 1e-6));
        Assert.Equal([false, true, true], found.Select(f => f.IsTruncated));
        Assert.Equal([5, 5, 5], found.Select(f => f.TokenCount));
        Assert.Equal(found[0].Vector, found[1].Vector);
        Assert.Empty(embedder.Embed([]));
    }

    [Fact]
    public void AFolderIsLoadedWithAnyHead()
    {
        foreach (string name in new[] { "bert_mlm", "roberta", "llama" })
        {
            using Scratch folder = Scratch.Copy(name);
            Letters(begin: "<s>").Save(folder.File("tokenizer.json"));
            IReadOnlyList<float> vector = TextEmbedder.Load(folder.Path).Embed(["numbers"])[0].Vector;
            Assert.Equal(new TextEmbedder(Published.Load(name), Letters(begin: "<s>")).Embed(["numbers"])[0].Vector, vector);
        }
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        PretrainedModel model = Published.Load("bert");
        Tokenizer tokenizer = Letters(begin: null);
        Assert.Throws<ModelException>(() => new TextEmbedder(Published.Load("t5"), tokenizer));
        Assert.Throws<OptionException>(() => new TextEmbedder(model, tokenizer, new() { MaximumLength = 100_000 }));
        Assert.Throws<OptionException>(() => new TextEmbedder(model, tokenizer, new() { BatchSize = 0 }));
        Assert.Throws<OptionException>(() => new TextEmbedder(model, tokenizer, new() { Pooling = (EmbeddingPooling)9 }));
        Assert.Contains("Text 1", Assert.Throws<InputException>(() => new TextEmbedder(model, tokenizer).Embed(["a", ""])).Message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => new TextEmbedder(model, tokenizer).Embed(["a"], new CancellationToken(canceled: true)));
    }

    private static float[] Features(TextEncoderModel model, Tokenizer tokenizer, string text, out int count)
    {
        int[] ids = [.. tokenizer.Encode(text).Ids];
        count = ids.Length;
        TensorData mask = new(DType.Bool, [1, ids.Length]);
        mask.AsSpan<bool>().Fill(true);
        return Program.Compile((Tensor x, Tensor m) => model.Features(x, m)).Run(TensorData.From(ids, [1, ids.Length]), mask).ToArray<float>();
    }

    private static Tokenizer Letters(string? begin) => CharacterTrainer.Train(
        ["abcdefghijklmnopqrstuvwxyz "], new CharacterTrainingOptions { UnknownToken = "<unk>", BeginToken = begin });
}
