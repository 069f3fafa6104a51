using Anneal.Data;

namespace Anneal.Models.Tests;

/// <summary>A model and its tokenizer in one folder: loaded, used, saved, and refused where they do not belong together.</summary>
public sealed class TextGeneratorFileTests
{
    private static readonly string Tokenizers = Path.Combine(Published.Root, "tokenizers");

    [Fact]
    public void ACausalModelIsLoadedWithItsTokenizerAndOptions()
    {
        using Scratch folder = Folder(Causal(500, end: 0), "bytelevel_bpe_gpt2.json", "tokenizer.json");
        File.WriteAllText(folder.File("generation_config.json"), """{ "eos_token_id": 0, "max_new_tokens": 7 }""");
        File.WriteAllText(folder.File("tokenizer_config.json"), """{ "model_max_length": 64 }""");
        TextGenerator generator = TextGenerator.Load(folder.Path);
        Assert.Equal((7, 0), (generator.Options.MaximumNewTokens, Assert.Single(generator.Options.EndTokens)));
        string text = generator.Generate("One text");
        var tokens = new CausalGenerator(LlamaForCausalLM.Load(folder.Path));
        Tokenizer tokenizer = Tokenizer.Load(folder.File("tokenizer.json"));
        Assert.Equal(text, new TextGenerator(tokens, tokenizer).Generate("One text", generator.Options));

        using var saved = new Scratch();
        generator.SavePretrained(saved.Path);
        foreach (string name in new[] { "tokenizer.json", "tokenizer_config.json" })
            Assert.Equal(File.ReadAllBytes(folder.File(name)), File.ReadAllBytes(saved.File(name)));
        Assert.Equal(text, TextGenerator.Load(saved.Path).Generate("One text"));

        // Over itself, and with a tokenizer that came from elsewhere.
        generator.SavePretrained(folder.Path);
        Assert.Equal(text, TextGenerator.Load(folder.Path).Generate("One text"));
        using var written = new Scratch();
        new TextGenerator(tokens, tokenizer) { Options = generator.Options }.SavePretrained(written.Path);
        Assert.Equal(text, TextGenerator.Load(written.Path, new() { ContextLength = 40 }).Generate("One text"));
    }

    [Fact]
    public void AModelWithAnEncoderReadsSentencePiece()
    {
        using Scratch folder = Folder(Answering(), "sentencepiece_unigram.model", "spiece.model");
        TextGenerator generator = TextGenerator.Load(folder.Path, new() { ContextLength = 40 });

        // T5 reads a text with its end behind it.
        var tokens = new EncoderDecoderGenerator(T5ForConditionalGeneration.Load(folder.Path), 40);
        int[] prompt = [.. Tokenizer.Load(folder.File("spiece.model"), new() { AddEndOfSequence = true }).Encode("some text").Ids];
        Assert.Equal(Tokenizer.Load(folder.File("spiece.model")).IdOf("</s>"), prompt[^1]);
        var options = new GenerationOptions { MaximumNewTokens = 10 };
        Assert.Equal(generator.Tokenizer.Decode(tokens.Generate(prompt, options)), generator.Generate("some text", options));

        using var saved = new Scratch();
        generator.SavePretrained(saved.Path);
        Assert.Equal(generator.Generate("some text", options), TextGenerator.Load(saved.Path, new() { ContextLength = 40 }).Generate("some text", options));
        File.WriteAllText(saved.File("tokenizer_config.json"), """{ "add_eos_token": false }""");
        Assert.Equal(generator.Tokenizer.Decode(tokens.Generate(prompt[..^1], options)), TextGenerator.Load(saved.Path, new() { ContextLength = 40 }).Generate("some text", options));

        // It is not written in another form, and nothing is saved by halves.
        using var none = new Scratch();
        Assert.Throws<TokenizationException>(() => new TextGenerator(tokens, generator.Tokenizer).SavePretrained(none.Path));
        Assert.Empty(Directory.GetFiles(none.Path));
    }

    [Fact]
    public void RanksAreReadWithTheirPattern()
    {
        string pattern = (string)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(Tokenizers, "ranks.tiktoken.json")))!["pattern"]!;
        var options = new TokenizerLoadOptions { Pattern = pattern };
        int count = Tokenizer.Load(Path.Combine(Tokenizers, "ranks.tiktoken"), options).IdCount;
        using Scratch folder = Folder(Causal(count, end: 1), "ranks.tiktoken", "model.tiktoken");
        TextGenerator generator = TextGenerator.Load(folder.Path, new() { TokenizerFile = "model.tiktoken", Tokenizer = options });
        Assert.NotNull(generator.Generate("One text", new() { MaximumNewTokens = 3 }));
        Assert.Throws<ModelFileException>(() => TextGenerator.Load(folder.Path));
        Assert.Throws<OptionException>(() => TextGenerator.Load(folder.Path, new() { TokenizerFile = "model.tiktoken" }));
    }

    [Fact]
    public void WhatDoesNotBelongTogetherIsRefused()
    {
        using Scratch small = Folder(Causal(499, end: 0), "bytelevel_bpe_gpt2.json", "tokenizer.json");
        TokenizerMismatchException mismatch = Assert.Throws<TokenizerMismatchException>(() => TextGenerator.Load(small.Path));
        Assert.Equal((500, 499), (mismatch.TokenizerIds, mismatch.ModelVocabulary));
        using Scratch ends = Folder(Causal(520, end: 510), "bytelevel_bpe_gpt2.json", "tokenizer.json");
        Assert.Contains("end with token 510", Assert.Throws<TokenizerMismatchException>(() => TextGenerator.Load(ends.Path)).Message, StringComparison.Ordinal);
        using Scratch encoder = Scratch.Copy("bert");
        File.Copy(Path.Combine(Tokenizers, "wordpiece_bert.json"), encoder.File("tokenizer.json"));
        Assert.Equal("architectures", Assert.Throws<ModelConfigException>(() => TextGenerator.Load(encoder.Path)).Field);
    }

    [Fact]
    public void TypedSpecialTokensAreTextUnlessAskedFor()
    {
        const string Typed = "One<|endoftext|>text";
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Tokenizers, "bytelevel_bpe_gpt2.json"));
        var tokens = new CausalGenerator(Causal(500, end: 0));
        var options = new GenerationOptions { MaximumNewTokens = 12 };
        int[] text = [.. tokenizer.Encode(Typed, new() { TypedSpecialTokens = TypedSpecialTokens.Text }).Ids], token = [.. tokenizer.Encode(Typed).Ids];
        Assert.DoesNotContain(0, text);
        Assert.Contains(0, token);
        Assert.Equal(Continued(text), new TextGenerator(tokens, tokenizer).Generate(Typed, options));
        Assert.Equal(Continued(token), new TextGenerator(tokens, tokenizer, new EncodeOptions()).Generate(Typed, options));

        string Continued(int[] prompt) => tokenizer.Decode([.. prompt, .. tokens.Generate(prompt, options)])[tokenizer.Decode(prompt).Length..];
    }

    private static LlamaForCausalLM Causal(int vocabulary, int end) => new(new LlamaConfig
    {
        VocabularySize = vocabulary,
        HiddenSize = 16,
        IntermediateSize = 24,
        LayerCount = 1,
        HeadCount = 2,
        KeyValueHeadCount = 1,
        HeadDimension = 8,
        MaximumPositions = 64,
        InitializerRange = 0.3,
        EndIds = [end],
    });

    private static T5ForConditionalGeneration Answering() => new(new T5Config
    {
        VocabularySize = Tokenizer.Load(Path.Combine(Tokenizers, "sentencepiece_unigram.model")).IdCount,
        HiddenSize = 16,
        HeadDimension = 8,
        IntermediateSize = 24,
        LayerCount = 1,
        DecoderLayerCount = 1,
        HeadCount = 2,
        EndIds = [2],
    });

    private static Scratch Folder(PretrainedModel model, string tokenizer, string name)
    {
        var scratch = new Scratch();
        model.SavePretrained(scratch.Path);
        File.Copy(Path.Combine(Tokenizers, tokenizer), scratch.File(name));
        return scratch;
    }
}
