using System.Text.Json;
using Anneal.Data;
using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>Tokenizers in GGUF files, whole and as lists.</summary>
public sealed class GgufTokenizerTests
{
    private static readonly string Folder = Path.Combine(Published.Root, "tokenizers");

    [Theory]
    [InlineData("bytelevel_bpe_gpt2.json")]
    [InlineData("bpe_llama3.json")]
    [InlineData("bpe_llama2_byte_fallback.json")]
    [InlineData("wordpiece_bert.json")]
    [InlineData("unigram_t5.json")]
    public void ATokenizerIsHeldWhole(string name) => AssertSame(name, hasJson: true);

    /// <summary>Without <c>tokenizer.json</c>, from the lists that llama.cpp reads.</summary>
    [Theory]
    [InlineData("bytelevel_bpe_gpt2.json")]
    [InlineData("bpe_llama3.json")]
    [InlineData("sentencepiece_bpe.model")]
    public void ATokenizerComesBackFromItsLists(string name) => AssertSame(name, hasJson: false);

    [Fact]
    public void AVocabularyThatFallsBackToBytesIsListedWithScores()
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Folder, "bpe_llama2_byte_fallback.json"));
        With(tokenizer, hasJson: false, path =>
        {
            using (GgufFile file = GgufFile.Open(path))
                Assert.Equal("llama", file.Metadata["tokenizer.ggml.model"].Text);

            // Which neighbours merge follows from scores there and from merges here: words that one merge after the other makes are the same.
            Tokenizer again = Gguf.LoadTokenizer(path);
            Assert.Equal(Enumerable.Range(0, tokenizer.IdCount).Select(tokenizer.TokenOf), Enumerable.Range(0, tokenizer.IdCount).Select(again.TokenOf));
            foreach (string text in (string[])["a", "the", "The quick brown fox", "\u4e2d\U0001F600"])
                Assert.Equal(tokenizer.Decode(tokenizer.Encode(text).Ids), again.Decode(again.Encode(text).Ids));
        });
    }

    [Theory]
    [InlineData("wordpiece_bert.json")]
    [InlineData("ranks.tiktoken")]
    public void WhatHasNoListsIsRefused(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Folder, name), name.EndsWith(".tiktoken", StringComparison.Ordinal) ? new TokenizerLoadOptions { Pattern = TiktokenPatterns.Llama3 } : null);
        Assert.Contains("beside", Assert.Throws<OptionException>(() => With(tokenizer, hasJson: false, _ => { })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ListsOfOtherSoftwareAreRead()
    {
        GgufBytes bytes = Lists().Value("tokenizer.ggml.pre", "gpt-2");
        With(bytes, path =>
        {
            Tokenizer tokenizer = Gguf.LoadTokenizer(path);
            Assert.Equal([3, 4, 1], tokenizer.Encode("ab b<end>").Ids.ToArray());
            Assert.Equal("ab b", tokenizer.Decode([3, 4, 1]));
        });
        With(bytes.Value("tokenizer.ggml.add_bos_token", 7, 1).Value("tokenizer.ggml.bos_token_id", 1u), path => Assert.Equal([1, 3], Gguf.LoadTokenizer(path).Encode("ab").Ids.ToArray()));
        With(Lists().Value("tokenizer.ggml.pre", "unheard of"), path =>
        {
            Assert.Contains("unheard of", Assert.Throws<ModelFileException>(() => Gguf.LoadTokenizer(path)).Message, StringComparison.Ordinal);
            Assert.Equal([3], Gguf.LoadTokenizer(path, TiktokenPatterns.R50k).Encode("ab").Ids.ToArray());
        });
    }

    [Fact]
    public void WhatIsNotSupportedIsNamed()
    {
        Refused(new GgufBytes(), "nothing");
        Refused(new GgufBytes().Value("tokenizer.ggml.model", "rwkv"), "'rwkv'");
        Refused(new GgufBytes().Value("tokenizer.huggingface.json", 3u), "a text");
        Refused(new GgufBytes().Value("tokenizer.huggingface.json", "{"), "tokenizer.huggingface.json");
        Refused(new GgufBytes().Value("tokenizer.ggml.model", "llama"), "tokenizer.ggml.tokens");
        Refused(new GgufBytes().Value("tokenizer.ggml.model", "llama").Texts("tokenizer.ggml.tokens", "a", "b"), "tokenizer.ggml.scores");
        Refused(new GgufBytes().Value("tokenizer.ggml.model", "gpt2").Texts("tokenizer.ggml.tokens", "a", "a").Texts("tokenizer.ggml.merges").Value("tokenizer.ggml.pre", "gpt-2"), "tokenizer.ggml.merges");
        Refused(new GgufBytes().Value("tokenizer.ggml.model", "gpt2").Texts("tokenizer.ggml.tokens", "a", "a").Texts("tokenizer.ggml.merges", "a a").Value("tokenizer.ggml.pre", "gpt-2"), "'a' again");
        Refused(Lists().Value("tokenizer.ggml.pre", "gpt-2").Value("tokenizer.ggml.add_bos_token", 7, 1).Value("tokenizer.ggml.bos_token_id", 99u), "bos_token_id");
    }

    [Fact]
    public void TextsAreMadeWithOneFile()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Folder, "bytelevel_bpe_gpt2.json"));
        Gguf.Save(Model(tokenizer), path, new GgufSaveOptions { Type = GgufTensorType.F32, Tokenizer = tokenizer, ChatTemplate = ChatTemplate.Parse("{{ messages }}") });
        Assert.Equal("{{ messages }}", Gguf.LoadChatTemplate(path)!.Text);
        TextGenerator generator = Gguf.LoadGenerator(path);
        var options = new GenerationOptions { MaximumNewTokens = 5 };
        Assert.Equal(new TextGenerator(new CausalGenerator(Model(tokenizer)), tokenizer).Generate("The", options), generator.Generate("The", options));
        var small = new LlamaForCausalLM(new LlamaConfig { VocabularySize = 5, HiddenSize = 4, IntermediateSize = 4, LayerCount = 1, HeadCount = 1, KeyValueHeadCount = 1, HeadDimension = 4 });
        Assert.Throws<TokenizerMismatchException>(() => Gguf.Save(small, path, new GgufSaveOptions { Tokenizer = tokenizer }));
    }

    /// <summary>A file gives the template, its special tokens and the answers that the folder gave.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ConversationsAreRenderedAsThoseOfTheFolder(bool hasJson)
    {
        const string Text = "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Folder, "bytelevel_bpe_gpt2.json"));
        var tokens = new Dictionary<string, string> { ["bos_token"] = "<|endoftext|>", ["eos_token"] = "<|endoftext|>", ["unk_token"] = "?" };
        Directory.CreateDirectory(folder.File("template"));
        File.WriteAllText(Path.Combine(folder.File("template"), "chat_template.jinja"), Text);
        Directory.CreateDirectory(Path.Combine(folder.File("template"), "additional_chat_templates"));
        File.WriteAllText(Path.Combine(folder.File("template"), "additional_chat_templates", "tool_use.jinja"), "tools:" + Text);
        File.WriteAllText(Path.Combine(folder.File("template"), "tokenizer_config.json"), """{ "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "?" }""");
        ChatTemplate template = ChatTemplate.Load(folder.File("template"));
        LlamaForCausalLM model = Model(tokenizer, [0]);
        Gguf.Save(model, path, new GgufSaveOptions { Type = GgufTensorType.F32, Tokenizer = tokenizer, HasTokenizerJson = hasJson, ChatTemplate = template });
        TextGenerator generator = Gguf.LoadGenerator(path);
        Assert.Equal(tokens, generator.ChatTemplate!.SpecialTokens);
        Assert.Equal(template.Names, generator.ChatTemplate.Names);
        var talk = new ChatConversation([ChatMessage.User("The")]);
        foreach (ChatConversation of in new[] { talk, talk with { Tools = [new ChatTool("f", "d", [])] } })
            Assert.Equal(template.Render(of), generator.ChatTemplate.Render(of));
        var options = new GenerationOptions { MaximumNewTokens = 5 };
        Assert.Equal(new TextGenerator(new CausalGenerator(model), tokenizer) { ChatTemplate = template }.Answer(talk, options), generator.Answer(talk, options));

        // What the file could not name is refused, and no file is left; a template that does not use it is written.
        ChatTemplate other = ChatTemplate.Parse("{{ eos_token }}", new Dictionary<string, string> { ["eos_token"] = "The" });
        Assert.Contains("eos_token", Assert.Throws<OptionException>(() => Gguf.Save(model, folder.File("y.gguf"), new GgufSaveOptions { Tokenizer = tokenizer, ChatTemplate = other })).Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => Gguf.Save(model, folder.File("y.gguf"), new GgufSaveOptions { ChatTemplate = template }));
        Assert.False(File.Exists(folder.File("y.gguf")));
        Gguf.Save(model, folder.File("y.gguf"), new GgufSaveOptions { Type = GgufTensorType.F32, Tokenizer = tokenizer, ChatTemplate = ChatTemplate.Parse("x", other.SpecialTokens) });

        // A template with what is not supported is an error at once, unless nobody wants to chat.
        string broken = folder.File("z.gguf");
        File.WriteAllBytes(broken, [.. File.ReadAllBytes(path)]);
        byte[] bytes = File.ReadAllBytes(broken);
        int at = bytes.AsSpan().IndexOf("{% for m in"u8);
        "{% abc m in"u8.CopyTo(bytes.AsSpan(at));
        File.WriteAllBytes(broken, bytes);
        Assert.Throws<ChatTemplateException>(() => Gguf.LoadGenerator(broken));
        Assert.Null(Gguf.LoadGenerator(broken, ignoreChatTemplate: true).ChatTemplate);
    }

    [Fact]
    public void BrokenTemplatesAreNamed()
    {
        foreach ((GgufBytes file, string key) in new[]
        {
            (new GgufBytes().Value("tokenizer.chat_template", 3u), "tokenizer.chat_template"), (new GgufBytes().Value("tokenizer.chat_templates", "x"), "tokenizer.chat_templates"),
            (new GgufBytes().Texts("tokenizer.chat_templates", "a", "a"), "tokenizer.chat_templates"), (new GgufBytes().Texts("tokenizer.chat_templates", "a"), "tokenizer.chat_template.'a'"),
            (new GgufBytes().Value("tokenizer.chat_template", "x").Value("tokenizer.ggml.bos_token_id", "x"), "bos_token_id"),
        })
        {
            using var folder = new TemporaryFolder();
            File.WriteAllBytes(folder.File("x.gguf"), file.ToArray());
            Assert.Contains(key, Assert.Throws<ModelFileException>(() => Gguf.LoadChatTemplate(folder.File("x.gguf"))).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A tokenizer of five tokens: the second ends texts, the third fills up.</summary>
    private static GgufBytes Lists() => new GgufBytes().Value("tokenizer.ggml.model", "gpt2").Texts("tokenizer.ggml.tokens", "b", "<end>", "[PAD2]", "ab", "\u0120b", "a", "\u0120")
        .Array("tokenizer.ggml.token_type", 5, 7, [.. new[] { 1, 3, 5, 1, 1, 1, 1 }.SelectMany(BitConverter.GetBytes)]).Texts("tokenizer.ggml.merges", "a b", "\u0120 b");

    private static void AssertSame(string name, bool hasJson)
    {
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Folder, name));
        With(tokenizer, hasJson, path =>
        {
            using (GgufFile file = GgufFile.Open(path))
                Assert.Equal(hasJson, file.Metadata.ContainsKey("tokenizer.huggingface.json"));
            Tokenizer again = Gguf.LoadTokenizer(path);
            foreach (string text in Texts())
            {
                // Special tokens of SentencePiece models are found in texts here, so that they are kept out where the two are compared.
                var options = new EncodeOptions { TypedSpecialTokens = TypedSpecialTokens.Text, AddSpecialTokens = !name.EndsWith(".model", StringComparison.Ordinal) };
                Assert.Equal(tokenizer.Encode(text, options).Ids.ToArray(), again.Encode(text, options).Ids.ToArray());
                Assert.Equal(tokenizer.Decode(tokenizer.Encode(text, options).Ids), again.Decode(tokenizer.Encode(text, options).Ids));
            }
        });
    }

    /// <summary>The awkward texts of the published encodings.</summary>
    private static IEnumerable<string> Texts()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "encodings.json")));
        foreach (JsonElement encoding in json.RootElement.GetProperty("bytelevel_bpe_gpt2").EnumerateArray())
            yield return encoding.GetProperty("text").GetString()!;
    }

    private static LlamaForCausalLM Model(Tokenizer tokenizer, int[]? ends = null) => new(new LlamaConfig
    {
        EndIds = ends ?? [],
        VocabularySize = tokenizer.IdCount + 3,
        HiddenSize = 8,
        IntermediateSize = 8,
        LayerCount = 1,
        HeadCount = 2,
        KeyValueHeadCount = 2,
        HeadDimension = 4,
    });

    private static void With(Tokenizer tokenizer, bool hasJson, Action<string> use)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        Gguf.Save(Model(tokenizer), path, new GgufSaveOptions { Type = GgufTensorType.F32, Tokenizer = tokenizer, HasTokenizerJson = hasJson });
        use(path);
    }

    private static void With(GgufBytes bytes, Action<string> use)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("x.gguf");
        File.WriteAllBytes(path, bytes.ToArray());
        use(path);
    }

    private static void Refused(GgufBytes bytes, string part) =>
        With(bytes, path => Assert.Contains(part, Assert.Throws<ModelFileException>(() => Gguf.LoadTokenizer(path)).Message, StringComparison.Ordinal));
}
