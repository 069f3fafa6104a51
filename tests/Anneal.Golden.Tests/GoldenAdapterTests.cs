using System.Text.Json.Nodes;
using Anneal.Models;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <summary>
/// Adapters that PEFT wrote against its numbers: logits, loss, the gradient of every parameter of the adapter, and the logits after merging, for each
/// folder with a base model and an adapter.
/// </summary>
public sealed class GoldenAdapterTests
{
    private const double LogitTolerance = 2e-5, GradientTolerance = 1e-4;

    /// <summary>The folders of adapters.</summary>
    public static TheoryData<string> Names =>
    [
        .. Directory.GetDirectories(GoldenModel.Root)
            .Where(d => File.Exists(Path.Combine(d, "adapter", "adapter_config.json")) && File.Exists(Path.Combine(d, "base", "config.json")))
            .Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void ThereAreAdapters() => Assert.NotEmpty(Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void LogitsLossAndGradientsFollow(string name)
    {
        (LoraAdapter adapter, OrderedDictionary<string, TensorData> golden) = Load(name);
        var model = (CausalLanguageModel)adapter.Model;
        WeightEntry[] entries = [.. adapter.Entries()];
        Program program = Program.Compile(x =>
        {
            Tensor logits = model.Apply(x[0]), loss = CausalLanguageModel.ShiftedLoss(logits, x[0]);
            Tensor[] gradients = Gradients.Of(loss, [.. entries.Select(e => e.Variable.Read())]);
            return [logits, loss, .. gradients.Select((g, i) => WeightEntry.FileAxes(entries[i].Layout) is { } axes ? g.Transpose(axes) : g)];
        });
        TensorData[] results = program.RunAll([golden["input_ids"]]);
        AssertClose(golden["logits"], results[0], LogitTolerance * Largest(golden["logits"]), name + "/logits");
        double expected = golden["loss"].Item<float>(), found = results[1].Item<float>();
        Assert.True(Math.Abs(expected - found) <= GradientTolerance * Math.Abs(expected), $"{name}: the loss is {found:R}, expected {expected:R}.");

        // The library calls magnitudes the weight of a module while it runs, and drops that in files.
        Dictionary<string, TensorData> gradients = golden.Where(g => g.Key.StartsWith("grad/", StringComparison.Ordinal))
            .ToDictionary(g => g.Key["grad/".Length..].Replace("magnitude_vector.weight", "magnitude_vector", StringComparison.Ordinal), g => g.Value);
        Assert.Equal(gradients.Keys.Order(StringComparer.Ordinal), entries.Select(e => e.Name).Order(StringComparer.Ordinal));
        double largest = gradients.Values.Max(Largest);
        for (int i = 0; i < entries.Length; i++)
        {
            TensorData gradient = gradients[entries[i].Name];
            AssertClose(gradient, results[i + 2], GradientTolerance * Math.Max(Largest(gradient), GradientTolerance * largest), $"{name}/grad/{entries[i].Name}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void MergedLogitsFollow(string name)
    {
        (LoraAdapter adapter, OrderedDictionary<string, TensorData> golden) = Load(name);
        TensorData apart = adapter.Model.Predict(golden["input_ids"]);
        ParityCertificate certificate = adapter.Merge([ParitySample.OfTokens(golden["input_ids"])]);
        Assert.Equal(golden["input_ids"].Shape.ElementCount, certificate.Positions);
        Assert.Empty(adapter.Model.Adapters);
        double tolerance = LogitTolerance * Largest(golden["merged_logits"]);
        AssertClose(golden["merged_logits"], adapter.Model.Predict(golden["input_ids"]), tolerance, name + "/merged_logits");
        AssertClose(golden["logits"], apart, tolerance, name + "/logits");
    }

    /// <summary>What was read is written as it was: each tensor, and each field of the configuration.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void TheFilesComeBack(string name)
    {
        (LoraAdapter adapter, _) = Load(name);
        string given = Path.Combine(GoldenModel.Root, name, "adapter"), saved = Directory.CreateTempSubdirectory("anneal-adapter-").FullName;
        try
        {
            adapter.Save(saved);
            OrderedDictionary<string, TensorData> before = Tensors(given), after = Tensors(saved);
            Assert.Equal(before.Keys.Order(StringComparer.Ordinal), after.Keys.Order(StringComparer.Ordinal));
            Assert.All(before, t => Assert.True(t.Value.Type == after[t.Key].Type && t.Value.AsBytes().SequenceEqual(after[t.Key].AsBytes()), t.Key));
            Assert.True(JsonNode.DeepEquals(Config(given), Config(saved)));
        }
        finally
        {
            Directory.Delete(saved, recursive: true);
        }
    }

    private static OrderedDictionary<string, TensorData> Tensors(string folder) => Safetensors.Read(Path.Combine(folder, "adapter_model.safetensors")).Tensors;

    private static JsonNode Config(string folder) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "adapter_config.json")))!;

    private static (LoraAdapter Adapter, OrderedDictionary<string, TensorData> Golden) Load(string name)
    {
        string folder = Path.Combine(GoldenModel.Root, name);
        PretrainedModel model = PretrainedModel.Load(Path.Combine(folder, "base"));
        return (LoraAdapter.Load(model, Path.Combine(folder, "adapter")), GoldenModel.Arrays(name));
    }

    private static void AssertClose(TensorData expected, TensorData actual, double tolerance, string what) => Comparer.AssertClose(
        expected.Shape, Values.ToDoubles(expected), actual.Shape, Values.ToDoubles(actual), new Tolerance(tolerance, 0), what);

    private static double Largest(TensorData data) => Values.ToDoubles(data).Select(Math.Abs).DefaultIfEmpty().Max();
}
