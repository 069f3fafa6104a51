using Anneal.Testing;
using Anneal.Tests;

namespace Anneal.Onnx.Tests;

/// <summary>Every layer with every option: exported for any number of examples, run by ONNX Runtime for several, and read back.</summary>
public sealed class LayerTests
{
    internal const double Tolerance = 1e-5;

    /// <summary>The layers by their names.</summary>
    public static TheoryData<string> Names => [.. LayerCases.All.Select(c => c.ToString()).Distinct()];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryOptionFollows(string name)
    {
        using var folder = new TemporaryFolder();
        foreach (LayerCase golden in LayerCases.All.Where(c => c.ToString() == name))
        {
            foreach ((string option, Func<Layer> make) in golden.Variants.Prepend(("ordinary", golden.Make)))
                Check(golden, make, $"{name}, {option}", folder.File("layer.onnx"));
        }
    }

    /// <summary>A layer is written, or there is a reason here.</summary>
    [Fact]
    public void EveryLayerIsWritten()
    {
        Type[] all = [.. typeof(Layer).Assembly.GetTypes().Where(t => t is { IsAbstract: false, IsPublic: true } && t.IsSubclassOf(typeof(Layer)) && !t.IsAssignableTo(typeof(Model)) && t != typeof(Input))];
        string[] cases = [.. LayerCases.All.Select(c => c.Make().GetType().Name)];
        Assert.Empty(all.Select(t => t.Name).Except(cases));
    }

    private static void Check(LayerCase golden, Func<Layer> make, string what, string path)
    {
        var model = new OneLayer(make()) { Seed = 3 };
        model.Build([.. golden.Inputs.Select(i => i with { Shape = i.Shape[1..] })]);
        Perturb(model);
        TensorData[] Draw(long count) =>
            [.. golden.Inputs.Select((t, i) => Inputs(t with { Shape = new Shape(count).Concat(t.Shape[1..]) }, golden, 7 * i + (int)count))];
        OnnxExporter.Export(model, path, new OnnxExportOptions { Samples = [new(Draw(golden.Inputs[0].Shape[0]))] });
        OnnxModel back = OnnxModel.Import(path);
        foreach (long count in (long[])[1, 7])
        {
            TensorData[] inputs = Draw(count), expected = model.PredictAll(new ArrayDataset([.. inputs], []), (int)count);
            AssertClose(expected, Runtime.Run(path, inputs), $"{what}, {count} examples, in the runtime");
            AssertClose(expected, back.Infer(inputs), $"{what}, {count} examples, read back");
        }
    }

    internal static void AssertClose(TensorData[] expected, TensorData[] found, string what, double tolerance = Tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double largest = Values.ToDoubles(expected[i]).Select(Math.Abs).DefaultIfEmpty().Max();
            Comparer.AssertClose(
                expected[i].Shape, Values.ToDoubles(expected[i]), found[i].Shape, Values.ToDoubles(found[i]), new Tolerance(tolerance * Math.Max(1, largest), 0), what);
        }
    }

    /// <summary>First values of biases and statistics are zeros and ones, which hide mistakes.</summary>
    private static void Perturb(Model model)
    {
        int seed = 11;
        foreach (Variable variable in model.Parameters.Concat<Variable>(model.States).Where(v => v.Type.DType == DType.Float32))
        {
            double[] noise = Values.Uniform(variable.Shape.ElementCount, 0.05, 0.3, seed++), value = Values.ToDoubles(variable.Value);
            variable.Value = TensorData.From([.. value.Select((v, i) => (float)(v + noise[i]))], variable.Shape);
        }
    }

    private static TensorData Inputs(TensorType type, LayerCase golden, int seed) => Values.ToData(
        type.DType.IsFloating() ? Values.Uniform(type.Shape.ElementCount, golden.Span.Low, golden.Span.High, seed)
        : Values.Integers(type.Shape.ElementCount, 0, type.DType == DType.Bool ? 2 : golden.IndexLimit, seed), type);

    /// <summary>A layer alone.</summary>
    private sealed class OneLayer : Model
    {
        private readonly Layer _layer;

        internal OneLayer(Layer layer) : base("one_layer") => _layer = Track(layer);

        protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs) => _layer.ApplyAll([.. inputs]);

        protected override Tensor Call(Tensor input) => _layer.Apply(input);
    }
}
