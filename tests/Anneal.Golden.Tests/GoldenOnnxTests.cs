using Anneal.Onnx;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <summary>ONNX graphs that other software wrote: answers of another runtime, for each file with arrays; and that they are models, which learn.</summary>
public sealed class GoldenOnnxTests
{
    private const double AnswerTolerance = 1e-5, GradientTolerance = 2e-2;
    private const string Suffix = ".io.safetensors";

    private static string Folder => Path.Combine(GoldenModel.Root, "onnx");

    /// <summary>The graphs with arrays.</summary>
    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Folder, "*.onnx").Select(f => Path.GetFileNameWithoutExtension(f)).Where(n => File.Exists(Path.Combine(Folder, n + Suffix))).Order(StringComparer.Ordinal)];

    [Fact]
    public void ThereAreGraphs() => Assert.NotEmpty(Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void AnswersFollow(string name)
    {
        (OnnxModel model, TensorData input, TensorData expected) = Load(name);
        AssertClose(expected, model.Infer(input)[0], name);
    }

    /// <summary>As a model a graph takes any number of examples, whatever number it was exported for.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void AnyNumberOfExamplesFollows(string name)
    {
        (OnnxModel model, TensorData input, TensorData expected) = Load(name);
        long rows = input.Shape[0], axis = expected.Shape[0] == rows ? 0 : Array.IndexOf(expected.Shape.ToArray(), rows);
        Tensor answers = Tensor.From(expected);
        if (axis > 0)
            answers = answers.Transpose([(int)axis, .. Enumerable.Range(0, expected.Shape.Rank).Where(a => a != axis)]);
        long[] places = [.. Enumerable.Range(0, (int)(2 * rows + 1)).Select(i => i % rows)];
        TensorData more = Tensor.From(input).Gather(Tensor.From(places)).Evaluate();
        AssertClose(answers.Gather(Tensor.From(places)).Evaluate(), model.Predict(more), name);
    }

    /// <summary>The loss changes along the gradient of all parameters as the gradient says, and every parameter has one.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void GradientsFlow(string name)
    {
        (OnnxModel model, TensorData input, _) = Load(name);
        TensorData labels = Labels(model, input);
        Parameter[] parameters = [.. model.Parameters];
        Assert.NotEmpty(parameters);
        Program program = Program.Compile(x =>
        {
            Tensor loss = LossOf(model, x[0], x[1]);
            return [loss, .. Gradients.Of(loss, [.. parameters.Select(p => p.Read())])];
        });
        TensorData[] results = program.RunAll(input, labels);
        double before = results[0].Item<float>(), square = 0;
        TensorData[] values = [.. parameters.Select(p => p.Value)];
        for (int i = 0; i < parameters.Length; i++)
        {
            double own = Values.ToDoubles(results[i + 1]).Sum(g => g * g);
            Assert.True(double.IsFinite(own), $"{name}: the gradient of {parameters[i].Name} is not finite.");
            square += own;
        }

        Assert.True(square > 0, $"{name}: all gradients are 0.");

        // A long step may lead over a kink of a rectifier, a short one drowns in rounding.
        double[] slopes = [.. new[] { 3e-3, 1e-3, 3e-4 }.Select(length => length / Math.Sqrt(square)).Select(step => (At(step) - At(-step)) / (2 * step))];
        Assert.True(
            slopes.Any(slope => Math.Abs(slope - square) <= GradientTolerance * square),
            $"{name}: the loss {before:R} grows by {string.Join(" or ", slopes)}, by the gradient it should by {square:R}.");

        double At(double along)
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                double[] value = Values.ToDoubles(values[i]), gradient = Values.ToDoubles(results[i + 1]);
                parameters[i].Value = TensorData.From([.. value.Select((v, k) => (float)(v + along * gradient[k]))], values[i].Shape);
            }

            return program.Run(input, labels).Item<float>();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FitLearns(string name)
    {
        (OnnxModel model, TensorData input, _) = Load(name);
        TensorData labels = Labels(model, input);
        model.Compile(new Adam(0.01), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        History history = model.Fit(input, labels, new FitOptions { Epochs = 20, BatchSize = (int)input.Shape[0], Verbosity = Verbosity.Silent });
        double first = history.Epochs[0]["loss"], last = history.Epochs[^1]["loss"];
        Assert.True(last < first / 2, $"{name}: the loss went from {first:R} to {last:R}.");
    }

    private static (OnnxModel Model, TensorData Input, TensorData Answer) Load(string name)
    {
        OrderedDictionary<string, TensorData> arrays = Safetensors.Read(Path.Combine(Folder, name + Suffix)).Tensors;
        return (OnnxModel.Import(Path.Combine(Folder, name + ".onnx")), arrays["input"], arrays["output"]);
    }

    /// <summary>A class for each answer that it does not have yet.</summary>
    private static TensorData Labels(OnnxModel model, TensorData input)
    {
        TensorData answers = model.Predict(input);
        int classes = (int)answers.Shape[^1];
        return TensorData.From([.. answers.ToArray<float>().Chunk(classes).Select((row, i) => (Array.IndexOf(row, row.Max()) + 1L) % classes)], answers.Shape[..^1]);
    }

    private static Tensor LossOf(OnnxModel model, Tensor input, Tensor labels)
    {
        Tensor logits = model.Apply(input);
        return -(logits.LogSoftmax() * labels.OneHot(logits.Shape[^1])).Sum() * (1.0 / labels.Shape.ElementCount);
    }

    private static void AssertClose(TensorData expected, TensorData actual, string what)
    {
        double largest = Values.ToDoubles(expected).Select(Math.Abs).DefaultIfEmpty().Max();
        Comparer.AssertClose(expected.Shape, Values.ToDoubles(expected), actual.Shape, Values.ToDoubles(actual), new Tolerance(AnswerTolerance * Math.Max(1, largest), 0), what);
    }
}
