using Anneal.Testing;
using Xunit.Abstractions;

namespace Anneal.Models.Tests;

/// <summary>Damaged adapters are read, or refused with one of Anneal's errors, with bounded memory and time.</summary>
public sealed class AdapterFuzzTests(ITestOutputHelper output)
{
    private const string Config = "adapter_config.json", Weights = "adapter_model.safetensors";

    private static string[] Names { get; } = ["lora_llama", "lora_gpt2_rslora", "dora_llama"];

    /// <summary>The configuration alone, with the search for its targets.</summary>
    [Fact]
    public void Configurations()
    {
        byte[][] seeds = [.. Names.Select(n => File.ReadAllBytes(Path.Combine(Published.Folder(n), "adapter", Config)))];
        WeightTable[] tables = [.. Names.Select(n => AdapterFileTests.Base(n).Weights())];
        Run(Config, number => FileDamage.Of(seeds, number), bytes =>
        {
            LoraOptions options = LoraConfigFile.Read(ConfigFields.Parse(bytes, Config));
            options.Check();
            WithAny(tables, table => LoraTargets.Find(options, table, "model", "fuzz"));
        });
    }

    /// <summary>Both files on disk, one of them damaged, loaded on a base model as users load them; the model is as before when that fails.</summary>
    [Fact]
    public void Folders()
    {
        using var folders = new FoldersOfThreads(Config, Weights);
        byte[][][] adapters = [.. Names.Select(n => new[] { File.ReadAllBytes(Path.Combine(Published.Folder(n), "adapter", Config)), File.ReadAllBytes(Path.Combine(Published.Folder(n), "adapter", Weights)) })];
        using var bases = new ThreadLocal<PretrainedModel[]>(() => [.. Names.Select(AdapterFileTests.Base)]);
        Run("adapters", number => FoldersOfThreads.Damaged(adapters[number % adapters.Length], number), bytes => folders.With(bytes, folder => WithAny(bases.Value!, model =>
        {
            try
            {
                LoraAdapter.Load(model, folder).Detach();
            }
            finally
            {
                Assert.Empty(model.Adapters);
            }
        })), new FuzzLimits { ShortRun = 300 });
    }

    /// <summary>Whatever the damage, an adapter is of at most one of the models; the others refuse it.</summary>
    private static void WithAny<T>(T[] models, Action<T> read)
    {
        foreach (T model in models[..^1])
        {
            try
            {
                read(model);
                return;
            }
            catch (AnnealException)
            {
            }
        }

        read(models[^1]);
    }

    private void Run(string reader, Func<int, byte[]> make, Action<byte[]> read, FuzzLimits? limits = null)
    {
        FuzzCount count = Fuzzing.Run(reader, make, read, limits);
        output.WriteLine($"{reader}: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }
}
