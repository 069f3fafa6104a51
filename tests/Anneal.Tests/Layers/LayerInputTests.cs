namespace Anneal.Tests;

/// <summary>What every layer says of inputs with a wrong number of axes and of axes that an input does not have.</summary>
public sealed class LayerInputTests
{
    /// <summary>Layers that treat each element by itself, so that they take one value without any axis.</summary>
    private static readonly string[] TakesOneValue =
    [
        nameof(ActivationLayer), nameof(AlphaDropout), nameof(Dropout), nameof(Elu), nameof(Embedding), nameof(Embedding) + " (2)",
        nameof(GaussianDropout), nameof(GaussianNoise), nameof(LeakyRelu),
    ];

    /// <summary>Layers that take an input with one axis more than that of their case.</summary>
    private static readonly string[] TakesMore = [.. TakesOneValue, nameof(Flatten), nameof(MixUp), nameof(Softmax)];

    /// <summary>Layers that take an input with one axis less than that of their case; merging layers align inputs with fewer axes.</summary>
    private static readonly string[] TakesLess =
    [
        .. TakesMore, nameof(Add), nameof(Average), nameof(BatchNormalization), nameof(Dot), nameof(Maximum), nameof(Minimum), nameof(Multiply), nameof(Subtract),
    ];

    /// <summary>Each parameter of a constructor that is an axis, with an axis that the input of the layer's case does not have.</summary>
    private static readonly (string Layer, string Parameter, Func<Layer> Make)[] WrongAxes =
    [
        (nameof(BatchNormalization), "axis", () => new BatchNormalization(3)),
        (nameof(BatchNormalization), "axis", () => new BatchNormalization(-4)),
        (nameof(BatchNormalization), "axis", () => new BatchNormalization(0)),
        (nameof(Concatenate), "axis", () => new Concatenate(3)),
        (nameof(Concatenate), "axis", () => new Concatenate(-3)),
        (nameof(Concatenate), "axis", () => new Concatenate(0)),
        (nameof(Dot), "leftAxis", () => new Dot(3)),
        (nameof(Dot), "leftAxis", () => new Dot(-4)),
        (nameof(Dot), "leftAxis", () => new Dot(0)),
        (nameof(Dot), "rightAxis", () => new Dot(-1, 3)),
        (nameof(Dot), "rightAxis", () => new Dot(-1, -3)),
        (nameof(Dot), "rightAxis", () => new Dot(-1, 0)),
        (nameof(LayerNormalization), "axes", () => new LayerNormalization([3])),
        (nameof(LayerNormalization), "axes", () => new LayerNormalization([-4])),
        (nameof(LayerNormalization), "axes", () => new LayerNormalization([0])),
        (nameof(LayerNormalization), "axes", () => new LayerNormalization([2, -1])),
        (nameof(Permute), "axes", () => new Permute([1, 2, 3])),
        (nameof(Permute), "axes", () => new Permute([1, 1])),
        (nameof(Permute), "axes", () => new Permute([0, 1])),
        (nameof(PRelu), "sharedAxes", () => new PRelu(sharedAxes: [3])),
        (nameof(PRelu), "sharedAxes", () => new PRelu(sharedAxes: [-4])),
        (nameof(PRelu), "sharedAxes", () => new PRelu(sharedAxes: [0])),
        (nameof(RmsNormalization), "axis", () => new RmsNormalization(3)),
        (nameof(RmsNormalization), "axis", () => new RmsNormalization(-3)),
        (nameof(RmsNormalization), "axis", () => new RmsNormalization(0)),
        (nameof(Softmax), "axis", () => new Softmax(3)),
        (nameof(Softmax), "axis", () => new Softmax(-4)),
    ];

    public static TheoryData<string> Ordinary() => [.. LayerHarness.Subjects.Values.Where(s => !s.IsVariant).Select(s => s.Name)];

    public static TheoryData<int> AxisCases() => [.. Enumerable.Range(0, WrongAxes.Length)];

    [Theory]
    [MemberData(nameof(Ordinary))]
    public void OneAxisLessIsAnErrorThatNamesTheLayer(string name) => RequireRefused(name, t => t with { Shape = t.Shape[..^1] }, TakesLess);

    [Theory]
    [MemberData(nameof(Ordinary))]
    public void OneAxisMoreIsAnErrorThatNamesTheLayer(string name) => RequireRefused(name, t => t with { Shape = t.Shape.Concat([2]) }, TakesMore);

    [Theory]
    [MemberData(nameof(Ordinary))]
    public void AValueWithoutAxesIsAnErrorThatNamesTheLayer(string name) => RequireRefused(name, t => t with { Shape = Shape.Scalar }, TakesOneValue);

    [Theory]
    [MemberData(nameof(Ordinary))]
    public void NoInputIsAnErrorThatNamesTheLayer(string name)
    {
        Layer layer = LayerHarness.Subjects[name].Make();
        LayerChecks.Says<ShapeException>(() => layer.ApplyAll([]), layer.Name, "at least one input");
        LayerChecks.Says<ShapeException>(() => LayerCall.Connect(layer, []), layer.Name, "at least one input");
    }

    [Theory]
    [MemberData(nameof(AxisCases))]
    public void AnAxisOutOfRangeIsAnErrorThatNamesTheLayer(int index)
    {
        (string name, string parameter, Func<Layer> make) = WrongAxes[index];
        LayerCase test = LayerHarness.Subjects[name].Case;
        string shown = name;
        AnnealException? exception = null;
        try
        {
            Layer layer = make();
            shown = layer.Name;
            LayerHarness.Trace(layer, test.Inputs, training: false);
        }
        catch (AnnealException refused)
        {
            exception = refused;
        }

        Assert.True(exception is OptionException or ShapeException, $"{name} takes a wrong {parameter}, number {index}: {exception}");
        Assert.Contains(shown, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryAxisOfAConstructorHasWrongOnes()
    {
        string[] axes = [.. LayerHarnessTests.LayerTypes().SelectMany(t => t.GetConstructors().SelectMany(c => c.GetParameters())
            .Where(p => p.Name!.EndsWith("axis", StringComparison.OrdinalIgnoreCase) || p.Name.EndsWith("axes", StringComparison.OrdinalIgnoreCase))
            .Select(p => $"{t.Name}.{p.Name}"))];
        Assert.NotEmpty(axes);
        Assert.Equal(axes.Order(StringComparer.Ordinal), WrongAxes.Select(w => $"{w.Layer}.{w.Parameter}").Distinct().Order(StringComparer.Ordinal));
    }

    private static void RequireRefused(string name, Func<TensorType, TensorType> change, string[] takes)
    {
        LayerSubject subject = LayerHarness.Subjects[name];
        TensorType[] types = [change(subject.Case.Inputs[0]), .. subject.Case.Inputs[1..]];
        bool isTaken = true;
        foreach (bool isBuilt in (bool[])[false, true])
        {
            Layer layer = isBuilt ? LayerHarness.Built(subject) : subject.Make();
            try
            {
                LayerHarness.Trace(layer, types, training: false);
            }
            catch (AnnealException refused)
            {
                isTaken = false;
                LayerHarness.Require(
                    refused.Message.Contains(layer.Name, StringComparison.Ordinal), subject, $"the message does not name the layer {layer.Name}: {refused.Message}");
                LayerHarness.Require(isBuilt || !layer.IsBuilt, subject, "counts as built after an input that it refused.");
            }
        }

        LayerHarness.Require(
            isTaken == takes.Contains(name), subject, $"{(isTaken ? "takes" : "refuses")} {string.Join(", ", types)}, which the list of layers that do so does not say.");
    }
}
