using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Anneal.Saving;
using Anneal.Testing;
using Xunit.Abstractions;

namespace Anneal.Models.Tests;

/// <summary>Damaged files of published models are read or refused with an error that says what is wrong, with bounded memory and time.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly Regex LaterLayer = new(@"^[^0-9]*\.(layers|layer|h|block)\.[1-9]\.", RegexOptions.CultureInvariant);

    private static string[] Whole { get; } = ["bert", "glm4", "gpt2", "llama", "resnet", "t5"];

    [Fact]
    public void Configurations()
    {
        byte[][] seeds = [.. Published.Names.Select(n => File.ReadAllBytes(Path.Combine(Published.Folder(n), "config.json")))];
        Run("config.json", number => FileDamage.Of(seeds, number), bytes =>
        {
            ConfigFields fields = ConfigFields.Parse(bytes, "config.json");
            PretrainedConfig config = Architecture.Of(fields).Read(fields);
            config.Check("config.json");
            config.ToJson();
        });
    }

    [Fact]
    public void WaysToGenerate()
    {
        byte[][] seeds =
        [
            "{\"do_sample\":true,\"temperature\":0.7,\"top_p\":0.9,\"top_k\":50,\"min_p\":0.05,\"eos_token_id\":[2,5],\"pad_token_id\":0,\"max_new_tokens\":20,\"repetition_penalty\":1.1,\"stop_strings\":null}"u8.ToArray(),
            "{\"num_beams\":4,\"early_stopping\":\"never\",\"length_penalty\":2.0,\"num_return_sequences\":2,\"max_length\":64,\"min_length\":3,\"no_repeat_ngram_size\":3,\"bad_words_ids\":[[1],[2,3]],\"suppress_tokens\":[7],\"decoder_start_token_id\":0}"u8.ToArray(),
        ];
        Run(GenerationOptions.FileName, number => FileDamage.Of(seeds, number), bytes => GenerationOptions.Read(ConfigFields.Parse(bytes, GenerationOptions.FileName)));
    }

    [Fact]
    public void Indices()
    {
        byte[] seed = File.ReadAllBytes(Path.Combine(Published.Folder("llama_sharded_bf16"), Checkpoint.Index));
        Run("model.safetensors.index.json", number => FileDamage.Of([seed], number), bytes => Checkpoint.ParseIndex(bytes, "index"));
    }

    [Fact]
    public void Tensors()
    {
        // Without their values, so that most changes meet the header.
        byte[][] seeds = [.. Published.Names.Take(6).Select(n => Shortened(Directory.GetFiles(Published.Folder(n), "model*.safetensors").Order(StringComparer.Ordinal).First()))];
        Run("safetensors of models", number => FileDamage.OfSafetensors(seeds, number), bytes => Safetensors.Read(new MemoryStream(bytes), "x.safetensors"));
    }

    /// <summary>A folder with an index and two files on disk, one of the three damaged, mapped and read to the last byte.</summary>
    [Fact]
    public void Shards()
    {
        using var folders = new FoldersOfThreads(Checkpoint.Index, "a.safetensors", "b.safetensors");
        byte[][] files =
        [
            "{\"metadata\":{\"total_size\":20},\"weight_map\":{\"w\":\"a.safetensors\",\"x\":\"a.safetensors\",\"y\":\"b.safetensors\"}}"u8.ToArray(),
            Written(("w", new TensorData(DType.Float32, [2])), ("x", new TensorData(DType.BFloat16, [2, 1]))), Written(("y", new TensorData(DType.Float16, [4]))),
        ];
        Run("shards", number => FoldersOfThreads.Damaged(files, number), bytes => folders.With(bytes, folder =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            long sum = 0;
            foreach (string name in checkpoint.Names)
            {
                (MappedSafetensors file, SafetensorsEntry entry) = checkpoint.Find(name)!.Value;
                foreach (byte value in file.Bytes(entry, 0, (int)(entry.End - entry.Begin)))
                    sum += value;
            }

            Assert.True(sum >= 0);
        }));
    }

    /// <summary>A whole model, its configuration or tensors damaged, loaded as users load it.</summary>
    [Fact]
    public void Models()
    {
        using var folders = new FoldersOfThreads("config.json", Checkpoint.SingleFile);
        byte[][][] models = [.. Whole.Select(OfOneLayer)];
        Run("model folders", number => FoldersOfThreads.Damaged(models[number % models.Length], number), bytes => folders.With(bytes, folder => PretrainedModel.Load(folder)), new FuzzLimits { ShortRun = 300 });
    }

    /// <summary>A published model without its later layers, which would be the first one again.</summary>
    private static byte[][] OfOneLayer(string name)
    {
        JsonObject config = Published.Config(Published.Folder(name));
        foreach (string field in (string[])["num_hidden_layers", "n_layer", "num_layers", "num_decoder_layers"])
        {
            if (config.ContainsKey(field))
                config[field] = 1;
        }

        config.Remove("layer_types");
        var tensors = new MemoryStream();
        Safetensors.Write(tensors, "x", Published.Tensors(Published.Folder(name)).Where(t => name == "resnet" || !LaterLayer.IsMatch(t.Key)).Select(t => (t.Key, t.Value)), [new("format", "pt")]);
        using var scratch = new Scratch();
        byte[][] files = [System.Text.Encoding.UTF8.GetBytes(config.ToJsonString()), tensors.ToArray()];
        File.WriteAllBytes(scratch.File("config.json"), files[0]);
        File.WriteAllBytes(scratch.File(Checkpoint.SingleFile), files[1]);
        PretrainedModel.Load(scratch.Path);
        return files;
    }

    private void Run(string reader, Func<int, byte[]> make, Action<byte[]> read, FuzzLimits? limits = null)
    {
        FuzzCount count = Fuzzing.Run(reader, make, read, limits);
        output.WriteLine($"{reader}: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }

    /// <summary>A file whose tensors have few elements: the header of a real one with other extents.</summary>
    private static byte[] Shortened(string path)
    {
        var stream = new MemoryStream();
        Safetensors.Write(stream, "x", Safetensors.Read(path).Tensors.Take(12).Select((t, i) => (t.Key, new TensorData(t.Value.DType, i % 3 == 0 ? [2] : [0, 3]))), [new("format", "pt")]);
        return stream.ToArray();
    }

    private static byte[] Written(params (string, TensorData)[] tensors)
    {
        var stream = new MemoryStream();
        Safetensors.Write(stream, "x", tensors, [new("format", "pt")]);
        return stream.ToArray();
    }
}
