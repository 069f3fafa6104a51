using System.Reflection;
using System.Text.Json.Nodes;

namespace Anneal.Tests;

/// <summary>Every property of a layer that can be set has an effect and survives being stored, for every layer.</summary>
public sealed class LayerPropertyTests
{
    private static readonly L2 Penalty = new(0.1);

    private static readonly NonNegative Condition = new();

    public static TheoryData<string> Ordinary() => [.. LayerHarness.Subjects.Values.Where(s => !s.IsVariant).Select(s => s.Name)];

    public static TheoryData<string, string> Settable()
    {
        var data = new TheoryData<string, string>();
        foreach (LayerSubject subject in LayerHarness.Subjects.Values.Where(s => !s.IsVariant))
        {
            foreach (PropertyInfo property in subject.Make().GetType().GetProperties().Where(p => p.SetMethod is { IsPublic: true }))
                data.Add(subject.Name, property.Name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Settable))]
    public void NoPropertyIsIgnored(string name, string property)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        Layer built = LayerHarness.Built(subject);
        string[] parameters = ParametersOf(built);
        bool hasOutput = LayerHarness.Trainable(subject, 0.1) is not null;
        bool hasEffect = property switch
        {
            nameof(Layer.Trainable) or nameof(Layer.Regularizers) or nameof(Layer.Constraints) => parameters.Length > 0,
            nameof(Layer.ActivityRegularizer) => hasOutput,
            nameof(Layer.KernelRegularizer) or nameof(Layer.KernelConstraint) => parameters.Contains("kernel"),
            nameof(Layer.BiasRegularizer) or nameof(Layer.BiasConstraint) => parameters.Contains("bias"),
            _ => true,
        };
        if (!hasEffect)
        {
            RequireRefused(subject, property);
            return;
        }

        LayerSubject[] changed = property switch
        {
            nameof(Layer.Trainable) => [With(subject, property, false)],
            nameof(Layer.Regularizers) => [.. parameters.Select(p => With(subject, property, new Dictionary<string, Regularizer> { [p] = Penalty }))],
            nameof(Layer.Constraints) => [.. parameters.Select(p => With(subject, property, new Dictionary<string, Constraint> { [p] = Condition }))],
            nameof(Layer.ActivityRegularizer) or nameof(Layer.KernelRegularizer) or nameof(Layer.BiasRegularizer) => [With(subject, property, Penalty)],
            nameof(Layer.KernelConstraint) or nameof(Layer.BiasConstraint) => [With(subject, property, Condition)],
            _ => throw new InvalidOperationException($"No test sets {property} of {name} to another value."),
        };
        string ordinary = LayerHarness.Fingerprint(subject);
        foreach (LayerSubject other in changed)
        {
            string fingerprint = LayerHarness.Fingerprint(other);
            LayerHarness.Require(fingerprint != ordinary, subject, $"{property} changes neither the graphs, nor the variables, nor the training step.");
            LayerHarness.Require(fingerprint == LayerHarness.Fingerprint(Stored(other)), subject, $"{property} is lost by the configuration {LayerRegistry.Write(other.Make()).Values.ToJsonString()}.");
        }
    }

    [Theory]
    [MemberData(nameof(Ordinary))]
    public void PenaltiesAreSavedWithEveryLayer(string name)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        string[] parameters = ParametersOf(LayerHarness.Built(subject));
        bool isFloating = LayerHarness.Trainable(subject, 0.1) is not null;
        LayerSubject equipped = With(
            With(
                With(subject, nameof(Layer.Regularizers), parameters.Select((p, i) => (p, i)).ToDictionary(v => v.p, v => (Regularizer)new L1L2(0.01 * (v.i + 1), 0.02))),
                nameof(Layer.Constraints), parameters.ToDictionary(p => p, _ => (Constraint)Condition)),
            nameof(Layer.ActivityRegularizer), isFloating ? new L1(0.3) : null);
        if (LayerHarness.Trainable(equipped, 0.01) is not var (model, data))
            return;
        using var folder = new TestFolder();
        var options = new FitOptions { Epochs = 2, BatchSize = data.Count, Verbosity = Verbosity.Silent };
        model.Fit(data, options);
        model.Save(folder.Path);
        Model loaded = Model.Load(folder.Path);
        Layer before = model.Layers.Single(l => l.GetType() == subject.Make().GetType() && l.ActivityRegularizer is not null);
        Layer after = loaded.Layers.Single(l => l.Name == before.Name);
        Assert.Equal(parameters.Order(StringComparer.Ordinal), after.Regularizers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(LayerRegistry.Write(before).Values.ToJsonString(), LayerRegistry.Write(after).Values.ToJsonString());
        Assert.Equal(model.Fit(data, options)["loss"], loaded.Fit(data, options)["loss"]);
        TestModels.AssertSameBits(model, loaded);
    }

    /// <summary>What a setting without a place in the layer must say.</summary>
    private static void RequireRefused(LayerSubject subject, string property)
    {
        (LayerSubject Subject, string Word)? wrong = property switch
        {
            nameof(Layer.KernelRegularizer) => (With(subject, property, Penalty), "'kernel'"),
            nameof(Layer.BiasRegularizer) => (With(subject, property, Penalty), "'bias'"),
            nameof(Layer.KernelConstraint) => (With(subject, property, Condition), "'kernel'"),
            nameof(Layer.BiasConstraint) => (With(subject, property, Condition), "'bias'"),
            nameof(Layer.Regularizers) => (With(subject, property, new Dictionary<string, Regularizer> { ["weights"] = Penalty }), "'weights'"),
            nameof(Layer.Constraints) => (With(subject, property, new Dictionary<string, Constraint> { ["weights"] = Condition }), "'weights'"),
            _ => null,
        };
        if (wrong is not var (made, word))
            return;
        Layer layer = made.Make();
        LayerChecks.Says<OptionException>(() => LayerHarness.Trace(layer, subject.Case.Inputs, training: false), layer.Name, word);
        Assert.False(layer.IsBuilt);
    }

    private static LayerSubject With(LayerSubject subject, string property, object? value) => subject with
    {
        Make = () =>
        {
            Layer layer = subject.Make();
            layer.GetType().GetProperty(property)!.SetValue(layer, value);
            return layer;
        },
    };

    private static LayerSubject Stored(LayerSubject subject) => subject with
    {
        Make = () =>
        {
            var config = new LayerConfig("test", JsonNode.Parse(LayerRegistry.Write(subject.Make()).Values.ToJsonString())!.AsObject(), "test");
            Layer again = LayerRegistry.Read(config);
            config.RequireAllRead();
            return again;
        },
    };

    private static string[] ParametersOf(Layer layer) =>
        [.. layer.NamedVariables().Where(v => v.Variable is Parameter).Select(v => v.Name[(layer.Name.Length + 1)..])];
}
