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
        byte[][] seeds = [.. Seeds()];
        FuzzCount count = Fuzzing.Run("GGUF files", number => Damaged(seeds, number), bytes =>
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
    private static byte[] Damaged(byte[][] seeds, int number)
    {
        byte[] seed = seeds[number % seeds.Length];
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

    private static IEnumerable<byte[]> Seeds()
    {
        using var folder = new TemporaryFolder();
        foreach ((string name, string tokenizerFile, GgufTensorType type, bool hasJson) in new[]
        {
            ("gpt2", "bytelevel_bpe_gpt2.json", GgufTensorType.Q4_0, false), ("llama", "sentencepiece_bpe.model", GgufTensorType.F32, false),
            ("qwen2", "bpe_llama3.json", GgufTensorType.Q8_0, true), ("llama_sharded_bf16", "bpe_llama2_byte_fallback.json", GgufTensorType.F16, false),
        })
        {
            string path = folder.File("seed.gguf");
            Tokenizer tokenizer = Tokenizer.Load(Path.Combine(Published.Root, "tokenizers", tokenizerFile));
            bool fits = tokenizer.IdCount <= ((CausalLanguageModel)Published.Load(name)).VocabularySize;
            Gguf.Save((CausalLanguageModel)Published.Load(name), path, new GgufSaveOptions { Type = type, RequiresParity = false });
            yield return File.ReadAllBytes(path);
            if (fits)
                continue;
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
