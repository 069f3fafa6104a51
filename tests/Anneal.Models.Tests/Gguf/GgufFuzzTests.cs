using Anneal.Data;
using Anneal.Testing;
using Xunit.Abstractions;

namespace Anneal.Models.Tests;

/// <summary>Damaged GGUF files are read or refused with an error that says what is wrong, with bounded memory and time.</summary>
public sealed class GgufFuzzTests(ITestOutputHelper output)
{
    /// <summary>Header, every tensor, model and tokenizer, as users read them.</summary>
    [Fact]
    public void Files()
    {
        using var folders = new ThreadLocal<TemporaryFolder>(() => new TemporaryFolder(), trackAllValues: true);
        byte[][] seeds = [.. Seeds()], large = [.. LargeSeeds()];

        // Small files show as much as large ones, many times as fast.
        FuzzCount count = Fuzzing.Run("GGUF files", number => Damaged(number % 32 == 31 ? large[number / 32 % large.Length] : seeds[number % seeds.Length], number), bytes =>
        {
            string path = folders.Value!.File("x.gguf");
            File.WriteAllBytes(path, bytes);
            using (GgufFile file = GgufFile.Open(path))
            {
                foreach (GgufTensor tensor in file.Tensors.Values.Where(t => GgufTypes.Readable.Contains(t.Type)))
                    file.Read(tensor.Name);
            }

            AnnealException? error = null;
            foreach (Action read in (Action[])[() => Gguf.LoadModel(path), () => Gguf.LoadTokenizer(path), () => Gguf.LoadChatTemplate(path)])
            {
                try
                {
                    read();
                }
                catch (AnnealException e)
                {
                    error = e;
                }
            }

            if (error is not null)
                throw error;
        }, new FuzzLimits { ShortRun = 1500 });
        output.WriteLine($"GGUF files: {count}");
        foreach (TemporaryFolder folder in folders.Values)
            folder.Dispose();
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }

    /// <summary>Mostly the header is damaged, where most of a file's meaning lies, and sometimes anything.</summary>
    private static byte[] Damaged(byte[] seed, int number)
    {
        var random = new Random(number);
        return random.Next(3) switch
        {
            0 => FileDamage.Of(seed, random),
            1 => FileDamage.Overwritten(seed, random),
            _ => Extended(seed, random),
        };
    }

    /// <summary>Some whole numbers of 4 or 8 bytes become others: extents, counts, kinds, places.</summary>
    private static byte[] Extended(byte[] seed, Random random)
    {
        byte[] bytes = [.. seed];
        for (int change = random.Next(3); change >= 0; change--)
        {
            int at = random.Next(Math.Min(bytes.Length, 2000) - 8);
            ulong value = random.Next(4) switch { 0 => (ulong)random.Next(64), 1 => ulong.MaxValue - (ulong)random.Next(64), 2 => 1ul << random.Next(64), _ => (ulong)random.Next() };
            if (random.Next(2) == 0)
                BitConverter.TryWriteBytes(bytes.AsSpan(at), value);
            else
                BitConverter.TryWriteBytes(bytes.AsSpan(at), (uint)value);
        }

        return bytes;
    }

    /// <summary>Models of one layer, of every type that is written and every architecture, and tokenizers of a few tokens.</summary>
    private static IEnumerable<byte[]> Seeds()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("seed.gguf");
        const int Width = 32, Tokens = 9;
        CausalLanguageModel[] models =
        [
            new Gpt2LMHeadModel(new Gpt2Config { VocabularySize = Tokens, HiddenSize = Width, HeadCount = 2, LayerCount = 1, MaximumPositions = 8 }),
            Small(new LlamaConfig { Rope = new RopeParameters { Kind = RopeKind.Llama3, Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalMaximumPositions = 64 } }, c => new LlamaForCausalLM(c)),
            Small(new MistralConfig { SlidingWindow = 4 }, c => new MistralForCausalLM(c)), Small(new Qwen2Config(), c => new Qwen2ForCausalLM(c)),
            Small(new Qwen3Config(), c => new Qwen3ForCausalLM(c)), Small(new Glm4Config(), c => new Glm4ForCausalLM(c)),
        ];
        string[] tokens = ["<unk>", "<s>", "</s>", "c", "\u2581", "a", "b", "ab", "\u2581ab"];
        byte[] scores = [.. Enumerable.Range(0, tokens.Length).SelectMany(i => BitConverter.GetBytes(-(float)i))];
        byte[][] lists =
        [
            new GgufBytes().Value("tokenizer.ggml.model", "llama").Texts("tokenizer.ggml.tokens", tokens).Array("tokenizer.ggml.scores", 6, tokens.Length, scores)
                .Array("tokenizer.ggml.token_type", 5, tokens.Length, [.. new[] { 2, 3, 3, 4, 1, 1, 1, 1, 1 }.SelectMany(BitConverter.GetBytes)]).Value("tokenizer.ggml.bos_token_id", 1u)
                .Value("tokenizer.ggml.eos_token_id", 2u).Value("tokenizer.ggml.add_bos_token", 7, 1).ToArray(),
            new GgufBytes().Value("tokenizer.ggml.model", "gpt2").Value("tokenizer.ggml.pre", "qwen2").Texts("tokenizer.ggml.tokens", "b", "<end>", "[PAD2]", "ab", "\u0120b", "a", "\u0120")
                .Array("tokenizer.ggml.token_type", 5, 7, [.. new[] { 1, 3, 5, 1, 4, 1, 1 }.SelectMany(BitConverter.GetBytes)]).Texts("tokenizer.ggml.merges", "a b", "\u0120 b")
                .Value("tokenizer.ggml.eos_token_id", 1u).Value("tokenizer.ggml.add_eos_token", 7, 1).ToArray(),
        ];
        foreach ((CausalLanguageModel model, int number) in models.Select((m, i) => (m, i)))
        {
            // The second kind is written with all bytes as tokens alone, or whole.
            bool isWhole = number == models.Length - 1;
            File.WriteAllBytes(path, lists[isWhole ? 1 : 0]);
            Tokenizer tokenizer = Gguf.LoadTokenizer(path);
            Gguf.Save(model, path, new GgufSaveOptions { Type = GgufTypes.Writable[number % GgufTypes.Writable.Count], Tokenizer = tokenizer, HasTokenizerJson = isWhole, ChatTemplate = ChatTemplate.Parse("{% for m in messages %}{{ m.content }}{% endfor %}"), AllowsOutsideTolerance = true });
            yield return File.ReadAllBytes(path);
        }

        foreach (byte[] list in lists)
            yield return list;

        TModel Small<TModel, TConfig>(TConfig config, Func<TConfig, TModel> make) where TConfig : DecoderConfig => make((TConfig)(config with
        {
            VocabularySize = Tokens,
            HiddenSize = Width,
            IntermediateSize = Width,
            LayerCount = 1,
            HeadCount = 2,
            KeyValueHeadCount = 1,
            HeadDimension = 16,
            MaximumPositions = 32,
            PaddingId = null,
            EndIds = [2],
        }));
    }

    /// <summary>Whole tokenizers as published.</summary>
    private static IEnumerable<byte[]> LargeSeeds()
    {
        using var folder = new TemporaryFolder();
        foreach ((string file, bool hasJson) in new[] { ("bytelevel_bpe_gpt2.json", false), ("sentencepiece_bpe.model", false), ("bpe_llama3.json", true), ("bpe_llama2_byte_fallback.json", false) })
        {
            string path = folder.File("seed.gguf");
            Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Published.Root, "tokenizers", file));
            Gguf.Save(TestModel(tokenizer), path, new GgufSaveOptions { Type = GgufTensorType.F32, Tokenizer = tokenizer, HasTokenizerJson = hasJson, ChatTemplate = ChatTemplate.Parse("{% for m in messages %}{{ m.content }}{% endfor %}") });
            yield return File.ReadAllBytes(path);
        }
    }

    private static LlamaForCausalLM TestModel(Tokenizer tokenizer) => new(new LlamaConfig
    {
        VocabularySize = tokenizer.IdCount,
        HiddenSize = 2,
        IntermediateSize = 2,
        LayerCount = 1,
        HeadCount = 1,
        KeyValueHeadCount = 1,
        HeadDimension = 2,
    });
}
