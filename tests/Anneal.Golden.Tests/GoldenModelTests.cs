using System.Text.Json;
using Anneal.Models;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <summary>
/// Published architectures against the numbers of the library that publishes them: logits, loss, the gradient of every parameter, the greedy
/// continuation and left-padded batches, for each folder with a configuration and arrays.
/// </summary>
public sealed class GoldenModelTests
{
    private const double LogitTolerance = 2e-5, GradientTolerance = 1e-4;

    /// <summary>The folders of models.</summary>
    public static TheoryData<string> Names => [.. Folders("config.json")];

    /// <summary>The folders of models that continue a text.</summary>
    public static TheoryData<string> Continuing => [.. Folders("config.json").Where(n => GoldenModel.Arrays(n).ContainsKey("greedy"))];

    /// <summary>The folders of models with a padded batch.</summary>
    public static TheoryData<string> Padded => [.. Folders("config.json").Where(n => GoldenModel.Arrays(n).ContainsKey("logits_left_padded"))];

    [Fact]
    public void ThereAreModels() => Assert.NotEmpty(Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void LogitsLossAndGradientsFollow(string name)
    {
        var golden = new GoldenModel(name);
        (TensorData logits, TensorData loss, IReadOnlyDictionary<string, TensorData> gradients) = golden.Differentiate();
        AssertClose(golden["logits"], logits, LogitTolerance * Largest(golden["logits"]), name + "/logits");
        double expected = golden["loss"].Item<float>(), found = loss.Item<float>();
        Assert.True(Math.Abs(expected - found) <= GradientTolerance * Math.Abs(expected), $"{name}: the loss is {found:R}, expected {expected:R}.");

        string[] known = golden.GradientNames;
        double largest = known.Select(n => Largest(golden["grad/" + n])).DefaultIfEmpty().Max();
        foreach (string parameter in known)
        {
            Assert.True(gradients.ContainsKey(parameter), $"{name}: the model has no parameter {parameter}.");
            TensorData gradient = golden["grad/" + parameter];
            AssertClose(gradient, gradients[parameter], GradientTolerance * Math.Max(Largest(gradient), GradientTolerance * largest), $"{name}/grad/{parameter}");
        }
    }

    [Theory]
    [MemberData(nameof(Continuing))]
    public void TheGreedyContinuationFollows(string name)
    {
        var golden = new GoldenModel(name);
        Assert.Equal(golden["greedy"].ToArray<long>(), golden.ContinueGreedily());
    }

    /// <summary>The generator, which computes each token once and keeps keys and values, gives the same for all rows at once.</summary>
    [Theory]
    [MemberData(nameof(Continuing))]
    public void TheGeneratedContinuationFollows(string name)
    {
        var golden = new GoldenModel(name);
        Assert.Equal(golden["greedy"].ToArray<long>(), golden.Generate());
    }

    [Theory]
    [MemberData(nameof(Padded))]
    public void PaddingOnTheLeftChangesNothing(string name)
    {
        var golden = new GoldenModel(name);
        TensorData expected = golden["logits_left_padded"], mask = golden["attention_mask"];
        TensorData found = ((CausalLanguageModel)golden.Model).Predict(new ArrayDataset([golden["input_ids"], mask], []));
        double largest = Largest(golden["logits"]);
        int width = (int)expected.Shape[^1];
        long[] counts = mask.ToArray<long>();
        for (int token = 0; token < counts.Length; token++)
        {
            if (counts[token] == 0)
                continue;
            float[] row = expected.AsSpan<float>().Slice(token * width, width).ToArray(), ours = found.AsSpan<float>().Slice(token * width, width).ToArray();
            AssertClose(TensorData.From(row), TensorData.From(ours), LogitTolerance * largest, FormattableString.Invariant($"{name}/logits_left_padded, token {token}"));
        }
    }

    private static IEnumerable<string> Folders(string file) => Directory.GetDirectories(GoldenModel.Root)
        .Where(d => File.Exists(Path.Combine(d, file)) && File.Exists(Path.Combine(d, GoldenModel.ArrayFile)))
        .Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal);

    private static void AssertClose(TensorData expected, TensorData actual, double tolerance, string what) => Comparer.AssertClose(
        expected.Shape, Values.ToDoubles(expected), actual.Shape, Values.ToDoubles(actual), new Tolerance(tolerance, 0), what);

    private static double Largest(TensorData data) => Values.ToDoubles(data).Select(Math.Abs).DefaultIfEmpty().Max();
}

/// <summary>A golden model: the folder, its arrays, and what Anneal computes for them.</summary>
internal sealed class GoldenModel
{
    internal const string ArrayFile = "io.safetensors";
    private readonly OrderedDictionary<string, TensorData> _arrays;
    private readonly string _folder;

    internal GoldenModel(string name)
    {
        _folder = Path.Combine(Root, name);
        _arrays = Arrays(name);
        Model = PretrainedModel.Load(_folder, new PretrainedLoadOptions { RotaryFrequencyType = FrequencyType() });
    }

    internal static string Root => Path.Combine(GoldenFolder.Root, "models");

    internal PretrainedModel Model { get; }

    internal TensorData this[string name] => _arrays[name];

    internal string[] GradientNames => [.. _arrays.Keys.Where(k => k.StartsWith("grad/", StringComparison.Ordinal)).Select(k => k["grad/".Length..])];

    internal static OrderedDictionary<string, TensorData> Arrays(string name) => Safetensors.Read(Path.Combine(Root, name, ArrayFile)).Tensors;

    /// <summary>The logits, the loss, and its gradients under the published names and in the published order of axes.</summary>
    internal (TensorData Logits, TensorData Loss, IReadOnlyDictionary<string, TensorData> Gradients) Differentiate()
    {
        string[] names = GradientNames;
        Dictionary<string, WeightEntry> entries = Model.Weights().Entries.Where(e => e.Variable is Parameter).ToDictionary(e => e.Name);
        WeightEntry[] wanted = [.. names.Where(entries.ContainsKey).Select(n => entries[n])];
        (TensorData[] inputs, TensorData labels) = Inputs();
        Program program = Program.Compile(x =>
        {
            Tensor logits = Model.Apply(x[..^1])[0], loss = LossOf(logits, x[^1]);
            Tensor[] gradients = wanted.Length == 0 ? [] : Gradients.Of(loss, [.. wanted.Select(e => e.Variable.Read())]);
            return [logits, loss, .. gradients.Select((g, i) => WeightEntry.FileAxes(wanted[i].Layout) is { } axes ? g.Transpose(axes) : g)];
        });
        TensorData[] results = program.RunAll([.. inputs, labels]);
        return (results[0], results[1], wanted.Select((e, i) => (e.Name, results[i + 2])).ToDictionary());
    }

    /// <summary>The tokens of the longest golden continuation, each the most probable one that does not end the text.</summary>
    internal long[] ContinueGreedily() => Model is T5ForConditionalGeneration t5 ? ContinueGreedily(t5) : ContinueGreedily((CausalLanguageModel)Model);

    /// <summary>What the golden continuations begin with and what the generator makes of their prompts.</summary>
    internal long[] Generate()
    {
        TensorData greedy = this["greedy"];
        int rows = (int)greedy.Shape[0], length = (int)greedy.Shape[1], given = (int)this["input_ids"].Shape[1];
        int[][] prompts = [.. Array.ConvertAll(this["input_ids"].ToArray<long>(), t => (int)t).Chunk(given).Take(rows)];
        (TokenGenerator generator, int[][] begins) = Model switch
        {
            T5ForConditionalGeneration t5 => ((TokenGenerator)new EncoderDecoderGenerator(t5, Math.Max(given, length)), Array.ConvertAll(prompts, _ => new[] { t5.Config.DecoderStartId })),
            _ => (new CausalGenerator((CausalLanguageModel)Model, length), prompts),
        };
        int[][] made = generator.GenerateBatch(prompts, new GenerationOptions { MaximumNewTokens = length - begins[0].Length, ForbiddenTokens = Ends() });
        return [.. begins.Zip(made, (begin, rest) => begin.Concat(rest)).SelectMany(t => t).Select(t => (long)t)];
    }

    private long[] ContinueGreedily(CausalLanguageModel model)
    {
        TensorData greedy = this["greedy"], prompt = this["input_ids"];
        long rows = greedy.Shape[0], length = greedy.Shape[1], given = prompt.Shape[1];
        var ids = new TensorData(DType.Int64, greedy.Shape);
        for (int r = 0; r < rows; r++)
            prompt.AsSpan<long>().Slice((int)(r * given), (int)given).CopyTo(ids.AsSpan<long>()[(int)(r * length)..]);

        // Tokens on the right change nothing on their left, so that one program serves all lengths.
        for (long at = given; at < length; at++)
            Choose(model.Predict(ids), ids, at - 1, at);
        return ids.ToArray<long>();
    }

    private long[] ContinueGreedily(T5ForConditionalGeneration model)
    {
        TensorData greedy = this["greedy"];
        var ids = new TensorData(DType.Int64, greedy.Shape);
        for (int r = 0; r < greedy.Shape[0]; r++)
            ids.AsSpan<long>()[r * (int)greedy.Shape[1]] = model.Config.DecoderStartId;
        for (long at = 1; at < greedy.Shape[1]; at++)
            Choose(model.Predict(new ArrayDataset([this["input_ids"], ids], [])), ids, at - 1, at);
        return ids.ToArray<long>();
    }

    private void Choose(TensorData logits, TensorData ids, long from, long to)
    {
        int[] ends = Ends();
        int length = (int)ids.Shape[1], width = (int)logits.Shape[^1];
        for (int r = 0; r < ids.Shape[0]; r++)
        {
            float[] row = logits.AsSpan<float>().Slice((int)(r * length + from) * width, width).ToArray();
            foreach (int end in ends)
                row[end] = float.NegativeInfinity;
            ids.AsSpan<long>()[(int)(r * length + to)] = Array.IndexOf(row, row.Max());
        }
    }

    /// <summary>
    /// The golden values of a checkpoint in 16 bits come from a model that was converted as a whole and back before it computed in float32, and the
    /// frequencies of its rotary positions kept the rounding: with it values agree to 3e-7 of the largest logit, without it to 1.2e-4.
    /// </summary>
    private DType? FrequencyType()
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, "config.json")));
        string? type = config.RootElement.TryGetProperty("torch_dtype", out JsonElement older) ? older.GetString()
            : config.RootElement.TryGetProperty("dtype", out JsonElement current) ? current.GetString()
            : null;
        return type switch { "bfloat16" => DType.BFloat16, "float16" => DType.Float16, _ => null };
    }

    private int[] Ends()
    {
        string generation = Path.Combine(_folder, "generation_config.json");
        string file = File.Exists(generation) ? generation : Path.Combine(_folder, "config.json");
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(file));
        return config.RootElement.GetProperty("eos_token_id") switch
        {
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(e => e.GetInt32())],
            { ValueKind: JsonValueKind.Number } one => [one.GetInt32()],
            _ => [],
        };
    }

    private (TensorData[] Inputs, TensorData Labels) Inputs() => Model switch
    {
        CausalLanguageModel => ([this["input_ids"]], this["input_ids"]),
        T5ForConditionalGeneration => ([this["input_ids"], this["decoder_input_ids"]], this["decoder_input_ids"]),
        TextEncoderModel => ([this["input_ids"], this["attention_mask"]], this["labels"]),
        _ => ([Tensor.From(this["pixel_values"]).Transpose(0, 2, 3, 1).Evaluate()], this["labels"]),
    };

    private Tensor LossOf(Tensor logits, Tensor labels) => Model is CausalLanguageModel ? CausalLanguageModel.ShiftedLoss(logits, labels) : TokenLoss.Of(logits, labels);
}
