using Anneal.Data;

namespace Anneal.Models.Tests;

/// <summary>A public encoder with its tokenizer learns to tell texts apart, and does so as well once it was saved.</summary>
public sealed class PretrainedTextClassifierTests
{
    private static readonly string[] Classes = ["crops", "metals"];

    [Theory]
    [InlineData("bert")]
    [InlineData("roberta")]
    [InlineData("distilbert")]
    public void AnEncoderLearnsFromRawTextAndIsSavedWithAllThatItNeeds(string name)
    {
        using Scratch encoder = WithTokenizer(name);
        LabeledTexts texts = Texts(96);
        PretrainedTextClassifier classifier = PretrainedTextClassifier.FromEncoder(encoder.Path, Classes, new() { MaximumLength = 20, Seed = 3 });
        classifier.Model.Compile(new AdamW(3e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        classifier.Model.Fit(classifier.ToDataset(texts), new FitOptions { Epochs = 6, BatchSize = 16, Verbosity = Verbosity.Silent });
        Assert.True(classifier.Evaluate(texts).Accuracy > 0.95, $"{name}: {classifier.Evaluate(texts).Accuracy}");

        using var saved = new Scratch();
        classifier.Save(saved.File("classifier"));
        PretrainedTextClassifier loaded = PretrainedTextClassifier.Load(saved.File("classifier"));
        Assert.Equal(Classes, loaded.ClassNames);
        Assert.Equal(20, loaded.MaximumLength);
        string[] raw = ["wheat 17", "the price of gold rose, and rose, and rose again", "", "[CLS]", "山 unknown"];
        Assert.Equal(classifier.Classify(raw), loaded.Classify(raw));
        Assert.Equal("crops", loaded.Classify(["wheat 123"])[0].ClassName);
        Assert.Equal(classifier.Evaluate(texts).Accuracy, loaded.Evaluate(texts).Accuracy);
        Assert.Throws<DatasetException>(() => loaded.Evaluate(new LabeledTexts(["x"], [0], ["a", "b"])));
    }

    [Fact]
    public void WhatIsCutOffIsCounted()
    {
        using Scratch encoder = WithTokenizer("bert");
        PretrainedTextClassifier classifier = PretrainedTextClassifier.FromEncoder(encoder.Path, Classes, new() { MaximumLength = 4 });
        PaddedSequences encoded = classifier.Encode(["ab", "abcde"]);
        Assert.Equal(new TruncationReport(2, 1, 2, 9), encoded.Report);
        Assert.Equal([true, true, true, false, true, true, true, true], encoded.Mask.ToArray<bool>());

        // What a user types is text, even where it looks like a token that steers the model.
        int begin = classifier.Tokenizer.IdOf("[CLS]")!.Value;
        Assert.Equal([begin], classifier.Encode(["[CLS]"]).Tokens.ToArray<int>().Where(t => t == begin));
        Assert.Throws<DatasetException>(() => classifier.Encode([]));
    }

    [Fact]
    public void TheLengthIsThatOfTheTokenizerAndNoLongerThanTheModelReaches()
    {
        using Scratch encoder = WithTokenizer("bert"), longer = WithTokenizer("roberta");
        Assert.Equal(64, PretrainedTextClassifier.FromEncoder(encoder.Path, Classes).MaximumLength);
        Tokenizer.Load(encoder.Path).With(new TruncationOptions(12), null).Save(encoder.File("tokenizer.json"));
        Assert.Equal(12, PretrainedTextClassifier.FromEncoder(encoder.Path, Classes).MaximumLength);
        int longest = ((RobertaConfig)Published.Load("roberta").Config).MaximumPositions - 2;
        Assert.Equal(longest, PretrainedTextClassifier.FromEncoder(longer.Path, Classes).MaximumLength);
        Assert.Throws<OptionException>(() => PretrainedTextClassifier.FromEncoder(longer.Path, Classes, new() { MaximumLength = longest + 1 }));
        Assert.Throws<OptionException>(() => PretrainedTextClassifier.FromEncoder(longer.Path, Classes, new() { MaximumLength = 0 }));
        Assert.Throws<OptionException>(() => PretrainedTextClassifier.FromEncoder(longer.Path, ["one"]));
        Assert.Throws<OptionException>(() => PretrainedTextClassifier.FromEncoder(longer.Path, ["one", "one"]));
    }

    [Fact]
    public void ATokenizerOfAnotherModelIsRefused()
    {
        using Scratch encoder = Scratch.Copy("bert");
        string other = Path.Combine(Published.Root, "tokenizers", "wordpiece_bert.json");
        File.Copy(other, encoder.File("tokenizer.json"));
        var mistake = Assert.Throws<TokenizerMismatchException>(() => PretrainedTextClassifier.FromEncoder(encoder.Path, Classes));
        Assert.Equal((Tokenizer.Load(other).IdCount, ((BertConfig)Published.Load("bert").Config).VocabularySize), (mistake.TokenizerIds, mistake.ModelVocabulary));

        // SentencePiece's own form could not be saved beside the model.
        File.Delete(encoder.File("tokenizer.json"));
        File.Copy(Path.Combine(Published.Root, "tokenizers", "sentencepiece_unigram.model"), encoder.File("spiece.model"));
        Assert.Throws<TokenizationException>(() => PretrainedTextClassifier.FromEncoder(encoder.Path, Classes));
    }

    [Fact]
    public void FoldersWithoutAnEncoderOrATokenizerAreRefused()
    {
        using Scratch decoder = WithTokenizer("gpt2"), bare = Scratch.Copy("bert"), headless = WithTokenizer("bert_mlm"), empty = new();
        Assert.Contains("distilbert", Assert.Throws<UnknownArchitectureException>(() => PretrainedTextClassifier.FromEncoder(decoder.Path, Classes)).Message, StringComparison.Ordinal);
        Assert.Throws<ModelFileException>(() => PretrainedTextClassifier.FromEncoder(bare.Path, Classes));
        Assert.Throws<ModelFileException>(() => PretrainedTextClassifier.Load(empty.Path));
        Assert.Throws<CheckpointException>(() => PretrainedTextClassifier.Load(headless.Path));
        Assert.Equal(2, PretrainedTextClassifier.FromEncoder(headless.Path, Classes).ClassNames.Count);
    }

    private static LabeledTexts Texts(int count) => new(
        [.. Enumerable.Range(0, count).Select(i => $"{(i % 2 == 0 ? "wheat" : "gold")} {i * 37 % 1000}")], [.. Enumerable.Range(0, count).Select(i => i % 2)], Classes);

    /// <summary>A copy of a published model, with a tokenizer of as many characters as it has tokens at most.</summary>
    private static Scratch WithTokenizer(string name)
    {
        Scratch scratch = Scratch.Copy(name);
        Characters(Published.Config(scratch.Path)["vocab_size"]!.GetValue<int>()).Save(scratch.File("tokenizer.json"));
        return scratch;
    }

    private static Tokenizer Characters(int size) => CharacterTrainer.Train(
        ["abcdefghijklmnopqrstuvwxyz 0123456789[]CLS,."],
        new CharacterTrainingOptions { VocabularySize = size, BeginToken = "[CLS]", UnknownToken = "[UNK]", SpecialTokens = [AddedToken.Special("[PAD]"), AddedToken.Special("<pad>"), AddedToken.Special("[UNK]")] });
}
