using System.Text.Json.Nodes;
using Anneal.Graphs;
using Anneal.Testing;
using Xunit.Sdk;

namespace Anneal.Tests;

/// <summary>What every layer must pass, with ordinary options and with each option changed.</summary>
public sealed class LayerHarnessTests
{
    /// <summary>Sums of products in float32 against double precision, relative to the largest number of the result.</summary>
    private const double Float32Tolerance = 2e-5;

    /// <summary>Eight bits of precision through the few dozen operations of a layer.</summary>
    private const double BFloat16Tolerance = 0.06;

    private static readonly double[] LearningRates = [0.1, 0.01, 0.001, 0.0001];

    public static TheoryData<string> All() => [.. LayerHarness.Subjects.Keys];

    public static TheoryData<string> Variants() => [.. LayerHarness.Subjects.Values.Where(s => s.IsVariant).Select(s => s.Name)];

    public static TheoryData<string> Types() => [.. LayerTypes().Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public void EveryLayerAndEveryOptionHasACase(string name)
    {
        Type type = LayerTypes().Single(t => t.Name == name);
        Assert.True(LayerRegistry.Knows(name), $"{name} is not in {nameof(LayerRegistry)}, so a model with it cannot be loaded.");
        LayerCase[] cases = [.. LayerCases.All.Where(c => c.Make().GetType() == type)];
        Assert.True(cases.Length > 0, $"{name} has no {nameof(LayerCase)}.");
        string[] options = [.. type.GetConstructors().SelectMany(c => c.GetParameters()).Select(p => p.Name!).Where(p => p != "name").Distinct()];
        string[] varied = [.. cases.SelectMany(c => c.Variants).Select(v => v.Option).Distinct()];
        Assert.True(options.All(varied.Contains), $"{name}: no case varies {string.Join(", ", options.Except(varied))}.");
        Assert.True(varied.All(options.Contains), $"{name}: no constructor takes {string.Join(", ", varied.Except(options))}.");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void ALayerCanBeMadeAgainFromItsConfiguration(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Layer layer = subject.Make();
        LayerConfig stored = LayerRegistry.Write(layer);
        Layer Again()
        {
            var config = new LayerConfig("test", JsonNode.Parse(stored.Values.ToJsonString())!.AsObject(), "test");
            Layer again = LayerRegistry.Read(config);
            config.RequireAllRead();
            return again;
        }

        Layer read = Again();
        Assert.Equal(layer.GetType(), read.GetType());
        Assert.Equal(stored.Values.ToJsonString(), LayerRegistry.Write(read).Values.ToJsonString());
        LayerHarness.Trace(layer, subject.Case.Inputs, training: false);
        LayerHarness.Trace(read, subject.Case.Inputs, training: false);
        Assert.Equal(
            layer.NamedVariables().Select(v => (v.Name, v.Variable.Type, v.IsTrained)), read.NamedVariables().Select(v => (v.Name, v.Variable.Type, v.IsTrained)));
        string expected = LayerHarness.Fingerprint(subject), actual = LayerHarness.Fingerprint(subject with { Make = Again });
        LayerHarness.Require(expected == actual, subject, $"the configuration {stored.Values.ToJsonString()} loses an option: the layer made from it computes something else.");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void ShapesAreWhatWasInferred(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        LayerCase test = subject.Case;
        Layer layer = subject.Make();
        TensorType[] inferred = [.. LayerHarness.Connect(layer, test).Select(o => o.Type)];
        foreach (long count in (long[])[test.Inputs[0].Shape[0], 1, 3])
            RequireTypes(subject, layer, inferred, count);
        Assert.Equal(inferred, layer.OutputTypes);
        try
        {
            RequireTypes(subject, layer, inferred, 0);
        }
        catch (AnnealException refused)
        {
            // A layer may say that it needs an example; nothing else may happen.
            LayerHarness.Require(refused.Message.Length > 0, subject, "refuses an empty batch without a word.");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void ASavedLayerPredictsTheSameBits(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Model model = LayerHarness.ModelOf(subject.Make(), subject.Case);
        if (LayerHarness.Trainable(subject, 0.01) is var (trained, data))
        {
            // Trained a little, so that no variable has its first value.
            trained.Fit(data, new FitOptions { Epochs = 2, BatchSize = data.Count, Verbosity = Verbosity.Silent });
            RequireSamePredictions(subject, trained, data);
        }

        double[][] inputs = LayerHarness.Draw(subject.Case, subject.Case.Inputs);
        RequireSamePredictions(subject, model, new ArrayDataset([.. inputs.Select((x, i) => (ArraySource)Values.ToData(x, subject.Case.Inputs[i]))], []));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void GradientsAgreeWithFiniteDifferences(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Layer layer = LayerHarness.Built(subject);
        Parameter[] parameters = [.. layer.Parameters];
        TensorType[] types = [.. subject.Case.Inputs, .. parameters.Select(p => p.Type)];
        double[][] values = [.. LayerHarness.Draw(subject.Case, subject.Case.Inputs), .. parameters.Select(p => Values.ToDoubles(p.Storage))];
        int count = subject.Case.Inputs.Length;
        foreach ((bool training, bool masked) in Ways(subject))
        {
            Graph graph = LayerHarness.Trace(layer, subject.Case.Inputs, training, masked);
            if (!graph.Outputs.Any(o => o.DType.IsFloating()) || !types.Any(t => t.DType.IsFloating()))
                continue;
            GradientCheck.Run(subject.Name + (training ? " in training" : "") + (masked ? " with a mask" : ""), types, values, x => Replay.Outputs(
                graph, x[..count], parameters.Select((p, i) => (p, x[count + i])).ToDictionary(v => (Variable)v.p, v => v.Item2)), order: 1);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void TrainingLowersTheLoss(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        var losses = new List<string>();
        foreach (double rate in LearningRates)
        {
            if (LayerHarness.Trainable(subject, rate) is not var (model, data))
            {
                LayerHarness.Require(LayerHarness.Built(subject).Parameters.Count == 0, subject, "has parameters, but no float32 output to train them by.");
                return;
            }

            double before = model.Evaluate(data)["loss"];
            History history = model.Fit(data, new FitOptions { Epochs = 5, BatchSize = data.Count, Verbosity = Verbosity.Silent });
            double after = model.Evaluate(data)["loss"];

            // Where training uses statistics of the batch and evaluation their running means, five steps change the latter for better or worse.
            IReadOnlyList<double> trained = history["loss"];
            if (after < before || (model.States.Count > 0 && trained[^1] < trained[0]))
                return;
            losses.Add(FormattableString.Invariant($"{before} -> {after} at {rate}"));
        }

        throw new XunitException($"{name}: five steps of descent do not lower the loss: {string.Join(", ", losses)}.");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void CompiledLayersAgreeWithTheReference(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Layer layer = LayerHarness.Built(subject);
        double[][] inputs = LayerHarness.Draw(subject.Case, subject.Case.Inputs);
        foreach ((bool training, bool masked) in Ways(subject))
        {
            Graph graph = LayerHarness.TraceGradients(layer, subject.Case.Inputs, training, masked: masked);
            string? difference = LayerHarness.Difference(graph, inputs, Float32Tolerance);
            LayerHarness.Require(difference is null, subject, $"{(training ? "training" : "inference")}{(masked ? " with a mask" : "")}: {difference}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void LayersComputeInBFloat16(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Layer layer = LayerHarness.Built(subject);

        // Numbers that bfloat16 holds, so that only the computation rounds.
        double[][] inputs = [.. LayerHarness.Draw(subject.Case, subject.Case.Inputs).Select(x => Array.ConvertAll(x, v => Math.Round(v * 128) / 128))];
        Graph graph = Replay.InType(LayerHarness.Trace(layer, subject.Case.Inputs, training: false), DType.BFloat16);
        string? difference = LayerHarness.Difference(graph, inputs, BFloat16Tolerance);
        LayerHarness.Require(difference is null, subject, difference ?? "");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void LayersTrainInMixedPrecision(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Layer layer = LayerHarness.Built(subject);
        double[][] inputs = LayerHarness.Draw(subject.Case, subject.Case.Inputs);
        Graph exact = LayerHarness.TraceGradients(layer, subject.Case.Inputs, training: true);
        Graph mixed = LayerHarness.TraceGradients(layer, subject.Case.Inputs, training: true, DType.BFloat16);
        string? difference = LayerHarness.Difference(mixed, exact, inputs, BFloat16Tolerance);
        LayerHarness.Require(difference is null, subject, difference ?? "");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void LayersWithoutParametersTakeOtherFloatingTypes(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        if (LayerHarness.Built(subject).NamedVariables().Count > 0)
            return;
        foreach (DType dtype in (DType[])[DType.Float64, DType.BFloat16])
        {
            TensorType[] types = [.. subject.Case.Inputs.Select(t => t.DType == DType.Float32 ? t with { DType = dtype } : t)];
            if (types.All(t => t.DType != dtype))
                continue;
            try
            {
                Graph graph = LayerHarness.Trace(subject.Make(), types, training: false);
                LayerHarness.Require(
                    graph.Outputs.All(o => !o.DType.IsFloating() || o.DType == dtype), subject,
                    $"gives {string.Join(", ", graph.Outputs.Select(o => o.Type))} for {dtype.Name()}.");
            }
            catch (DTypeException refused)
            {
                LayerHarness.Require(refused.Message.Contains(dtype.Name(), StringComparison.Ordinal), subject, $"the message does not name {dtype.Name()}: {refused.Message}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void NoOptionIsIgnored(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        LayerHarness.Require(
            LayerHarness.Fingerprint(subject) != LayerHarness.Fingerprint(subject.Ordinary), subject,
            "changes neither the graph, nor the first values of the variables, nor the outputs.");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void OnlyLayersThatSaySoDifferInTraining(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        if (subject.Case.IsRandom)
            return;
        Layer layer = subject.Make();
        string inference = LayerHarness.Printed(LayerHarness.Trace(layer, subject.Case.Inputs, training: false));
        string training = LayerHarness.Printed(LayerHarness.Trace(layer, subject.Case.Inputs, training: true));
        LayerHarness.Require(inference == training, subject, $"computes something else in training; set {nameof(LayerCase.IsRandom)} in its case.");
    }

    internal static IEnumerable<Type> LayerTypes() => typeof(Layer).Assembly.GetExportedTypes()
        .Where(t => t.IsSubclassOf(typeof(Layer)) && !t.IsAbstract && !typeof(Model).IsAssignableFrom(t) && t != typeof(Input));

    /// <summary>Inference and training, and each with masks where an input can have one.</summary>
    private static IEnumerable<(bool Training, bool Masked)> Ways(LayerSubject subject)
    {
        yield return (false, false);
        yield return (true, false);
        if (!LayerHarness.TakesMasks(subject.Case))
            yield break;
        yield return (false, true);
        yield return (true, true);
    }

    private static void RequireTypes(LayerSubject subject, Layer layer, TensorType[] inferred, long count)
    {
        TensorType[] types = LayerHarness.WithBatch(subject.Case, count);
        Graph graph = LayerHarness.Trace(layer, types, training: false);
        TensorType[] expected = [.. inferred.Select(t => LayerCall.Batched(t, count))];
        TensorType[] actual = [.. graph.Outputs.Take(expected.Length).Select(o => o.Type)];
        LayerHarness.Require(
            expected.AsSpan().SequenceEqual(actual), subject,
            $"for {count} examples inferred {string.Join(", ", expected)}, but gives {string.Join(", ", actual)}.");
        string? difference = LayerHarness.Difference(graph, LayerHarness.Draw(subject.Case, types), Float32Tolerance);
        LayerHarness.Require(difference is null, subject, $"with {count} examples {difference}");
    }

    private static void RequireSamePredictions(LayerSubject subject, Model model, Dataset data)
    {
        using var folder = new TestFolder();
        TensorData[] expected = model.PredictAll(data);
        model.Save(folder.Path);
        Model loaded = Model.Load(folder.Path);
        TestModels.AssertSameBits(model, loaded);
        TensorData[] actual = loaded.PredictAll(data);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            LayerHarness.Require(expected[i].AsBytes().SequenceEqual(actual[i].AsBytes()), subject, $"output {i} differs after saving and loading.");
    }
}
