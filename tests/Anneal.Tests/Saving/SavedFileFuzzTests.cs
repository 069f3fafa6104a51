using Anneal.Saving;
using Anneal.Testing;
using Xunit.Abstractions;

namespace Anneal.Tests.Saving;

/// <summary>Damaged files of saved models are read or refused with an error that says where, with bounded memory and time.</summary>
public sealed class SavedFileFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public void Tensors()
    {
        byte[][] seeds =
        [
            Written([("a", new TensorData(DType.Float32, [2, 3])), ("b", new TensorData(DType.Bool, [5])), ("c", new TensorData(DType.Int64, [0]))], [new("k", "v")]),
            Written([("x/\u00e9", new TensorData(DType.BFloat16, [])), ("y", new TensorData(DType.UInt8, [3])), ("z", new TensorData(DType.Float64, [1, 1, 2]))], null),
        ];
        Run("safetensors", number => FileDamage.OfSafetensors(seeds, number), bytes => Safetensors.Read(new MemoryStream(bytes), "x"));
    }

    [Fact]
    public void Manifests()
    {
        string zero = new('0', 64);
        var files = new OrderedDictionary<string, ManifestEntry> { ["config.json"] = new("config.3.json", 12, zero), ["weights.safetensors"] = new("weights.3.safetensors", 1, zero) };
        byte[] seed = new Manifest(3, files).ToJson();
        Run("manifest.json", number => FileDamage.Of([seed], number), bytes => Manifest.Parse(bytes, "manifest.json"));
    }

    [Fact]
    public void Configurations()
    {
        byte[][] seeds = [ConfigOf(TestModels.Classifier(seed: 5, dropout: 0.4), TestModels.Points(4)), ConfigOf(Recurrent(), Tokens())];
        Run("config.json", number => FileDamage.Of(seeds, number), bytes => ModelStore.ReadModel(new MemoryStream(bytes), "config.json"), new FuzzLimits { ShortRun = 1500 });
    }

    private static Sequential Recurrent() => new(new Embedding(7, 4), new Bidirectional(new Lstm(3)), new LayerNormalization(), new Dense(2));

    private static ArrayDataset Tokens() => Dataset.From(TensorData.From(new int[12], [4, 3]), TensorData.From(new int[4]));

    private static byte[] ConfigOf(Sequential model, Dataset data)
    {
        using var folder = new TemporaryFolder();
        model.Compile(new AdamW(new CosineSchedule(0.02, 12, 1e-4)), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        model.Fit(data, TestModels.Quiet with { Epochs = 1, BatchSize = 4 });
        model.Save(folder.Path);
        return File.ReadAllBytes(folder.File("config.1.json"));
    }

    private static byte[] Written(IEnumerable<(string, TensorData)> tensors, IEnumerable<KeyValuePair<string, string>>? metadata)
    {
        var stream = new MemoryStream();
        Safetensors.Write(stream, "x", tensors, metadata);
        return stream.ToArray();
    }

    private void Run(string reader, Func<int, byte[]> make, Action<byte[]> read, FuzzLimits? limits = null)
    {
        FuzzCount count = Fuzzing.Run(reader, make, read, limits);
        output.WriteLine($"{reader}: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }
}
