using Anneal.Models;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Onnx.Tests;

/// <summary>Whole networks, those of the examples and of published models: ONNX Runtime gives what they give, and they come back as models that learn.</summary>
public sealed class ModelTests
{
    private static readonly Dictionary<string, (Func<Model> Make, TensorType[] Inputs, int Limit)> Examples = new()
    {
        ["linear-regression"] = (() => new Sequential(new Dense(1)), [new(DType.Float32, [1])], 2),
        ["binary-classifier"] = (() => new Sequential(new Dense(10, Activation.Sigmoid), new Dense(5, Activation.Sigmoid), new Dense(1, Activation.Sigmoid)), [new(DType.Float32, [6])], 2),
        ["mnist-mlp"] = (() => new Sequential(new Flatten(), new Dense(128, Activation.Relu), new Dense(64, Activation.Relu), new Dense(10)), [new(DType.Float32, [28, 28, 1])], 2),
        ["mnist-cnn"] = (
            () => new Sequential(
                new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(64, 3, Activation.Relu), new MaxPool2D(2), new Flatten(), new Dense(64, Activation.Relu), new Dense(10)),
            [new(DType.Float32, [28, 28, 1])], 2),
        ["resnet-mnist"] = (ResNet, [new(DType.Float32, [28, 28, 1])], 2),
        ["autoencoder-mnist"] = (
            () => new Sequential(
                new Sequential("encoder", new Flatten(), new Dense(64, Activation.Relu), new Dense(8)), new Sequential("decoder", new Dense(784, Activation.Sigmoid), new Reshape([28, 28, 1]))),
            [new(DType.Float32, [28, 28, 1])], 2),
        ["dcgan-mnist generator"] = (
            () => new Sequential(
                new Dense(7 * 7 * 8, useBias: false), new Reshape([7, 7, 8]), new BatchNormalization(), new ActivationLayer(Activation.Relu),
                new Conv2DTranspose(8, 4, strides: 2, padding: Padding.Same, useBias: false), new BatchNormalization(), new ActivationLayer(Activation.Relu),
                new Conv2DTranspose(1, 4, Activation.Sigmoid, strides: 2, padding: Padding.Same)),
            [new(DType.Float32, [26])], 2),
        ["dcgan-mnist discriminator"] = (
            () => new Sequential(
                new Conv2D(8, 4, strides: 2, padding: Padding.Same), new LeakyRelu(0.2), new Conv2D(16, 4, strides: 2, padding: Padding.Same), new BatchNormalization(), new LeakyRelu(0.2),
                new Flatten(), new Dense(32, useBias: false), new BatchNormalization(), new LeakyRelu(0.2), new Dense(11)),
            [new(DType.Float32, [28, 28, 1])], 2),
        ["lstm-text"] = (
            () => new Sequential(
                new Embedding(40, 12, maskZero: true), new SpatialDropout1D(0.3), new Bidirectional(new Lstm(8, returnSequences: true)), new GlobalMaxPool1D(), new Dropout(0.3), new Dense(4)),
            [new(DType.Int32, [9])], 40),
        ["bert-text"] = (
            () => new Sequential(
                new Embedding(40, 16, maskZero: true), new PositionalEmbedding(9), new LayerNormalization(), new Dropout(0.2), new TransformerEncoderBlock(4, 64, Activation.Gelu, dropout: 0.1),
                new GlobalAveragePool1D(), new Dropout(0.2), new Dense(4)),
            [new(DType.Int32, [9])], 40),
        ["seq2seq-attention"] = (() => new Reader(), [new(DType.Int32, [9]), new(DType.Int32, [5])], 12),
        ["tang-gpt"] = (
            () => new Gpt2LMHeadModel(new Gpt2Config { VocabularySize = 40, HiddenSize = 16, LayerCount = 2, HeadCount = 4, MaximumPositions = 9 }) { Seed = 1 },
            [new(DType.Int32, [9])], 40),
        ["cartpole-policy"] = (() => new Sequential("policy", new Dense(64, Activation.Tanh), new Dense(2)), [new(DType.Float32, [4])], 2),
    };

    public static TheoryData<string> ExampleNames => [.. Examples.Keys];

    /// <summary>The small published models that the project keeps.</summary>
    public static TheoryData<string> PublishedNames =>
    [
        .. Directory.GetDirectories(Root).Where(d => File.Exists(Path.Combine(d, "config.json")) && File.Exists(Path.Combine(d, "io.safetensors"))).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal),
    ];

    private static string Root { get; } = Path.Combine(Repository.Root, "tests", "golden", "models");

    [Theory]
    [MemberData(nameof(ExampleNames))]
    public void ModelsOfExamplesFollow(string name)
    {
        (Func<Model> make, TensorType[] types, int limit) = Examples[name];
        using var folder = new TemporaryFolder();
        Model model = make();
        model.Build(types);
        ParityCertificate certificate = OnnxExporter.Export(model, folder.File("model.onnx")).Certificate;
        Assert.True(certificate.Passed && certificate.LargestDifference <= 1e-5 * Math.Max(1, certificate.LargestLogit));
        TensorData[] inputs = [.. types.Select((t, i) => Draw(t, 3, limit, i))];
        Follows(model, inputs, folder.File("model.onnx"));
    }

    [Theory]
    [MemberData(nameof(PublishedNames))]
    public void PublishedModelsFollow(string name)
    {
        using var folder = new TemporaryFolder();
        PretrainedModel model = PretrainedModel.Load(Path.Combine(Root, name));
        OrderedDictionary<string, TensorData> arrays = Safetensors.Read(Path.Combine(Root, name, "io.safetensors")).Tensors;
        TensorData[] inputs = model switch
        {
            CausalLanguageModel => [arrays["input_ids"]],
            T5ForConditionalGeneration => [arrays["input_ids"], arrays["decoder_input_ids"]],
            TextEncoderModel => [arrays["input_ids"], arrays["attention_mask"]],
            _ => [Tensor.From(arrays["pixel_values"]).Transpose(0, 2, 3, 1).Evaluate()],
        };
        TensorType[] types = [.. inputs.Select(i => i.Type with { Shape = i.Shape[1..] })];
        OnnxExporter.Export(model, folder.File("model.onnx"), new OnnxExportOptions { InputTypes = types, Samples = [new(inputs)] });

        // Their golden values hold within 2e-5 as well: the scores of T5, which are not scaled, lose a digit to every order of a sum.
        Follows(model, inputs, folder.File("model.onnx"), tolerance: 2e-5, rate: 1e-5);
    }

    private static void Follows(Model model, TensorData[] inputs, string path, double tolerance = LayerTests.Tolerance, double rate = 1e-3)
    {
        int count = (int)inputs[0].Shape[0];
        TensorData[] expected = model.PredictAll(new ArrayDataset([.. inputs], []), count);
        LayerTests.AssertClose(expected, Runtime.Run(path, inputs), "in the runtime", tolerance);

        // What was exported comes back with the same trained parameters, and learns.
        OnnxModel back = OnnxModel.Import(path);
        Assert.Equal(model.Parameters.Sum(p => p.Shape.ElementCount), back.Parameters.Sum(p => p.Shape.ElementCount));
        var data = new ArrayDataset([.. inputs], [TensorData.From([.. Values.ToDoubles(expected[0]).Select(v => (float)(0.5 * v + 0.1))], expected[0].Shape)]);
        back.Compile(new Sgd(rate), Loss.MeanSquaredError());
        History history = back.Fit(data, new FitOptions { Epochs = 4, BatchSize = count, Verbosity = Verbosity.Silent });
        Assert.True(history["loss"][^1] < history["loss"][0], $"the loss went from {history["loss"][0]} to {history["loss"][^1]}.");
    }

    [Fact]
    public void AnImportedModelIsSavedAndLoaded()
    {
        using var folder = new TemporaryFolder();
        Model model = ResNet();
        OnnxExporter.Export(model, folder.File("resnet.onnx"));
        OnnxModel graph = OnnxModel.Import(folder.File("resnet.onnx"));
        graph.Save(folder.File("saved"));
        var same = Model.Load<OnnxModel>(folder.File("saved"));
        TensorData input = Draw(new(DType.Float32, [28, 28, 1]), 3, 2, 0);
        Assert.True(same.Predict(input).AsBytes().SequenceEqual(graph.Predict(input).AsBytes()));
        Assert.Equal(graph.Parameters.Select(p => p.Name), same.Parameters.Select(p => p.Name));
        Assert.Equal(graph.States.Select(p => p.Name), same.States.Select(p => p.Name));
    }

    [Fact]
    public void ValuesLieApartWhereThatIsAskedFor()
    {
        using var folder = new TemporaryFolder();
        Model model = ResNet();
        OnnxExporter.Export(model, folder.File("resnet.onnx"), new OnnxExportOptions { SeparateValues = true });
        Assert.Equal(["resnet.onnx", "resnet.onnx.data", "resnet.onnx.parity.json"], Directory.GetFileSystemEntries(folder.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.True(new FileInfo(folder.File("resnet.onnx.data")).Length >= sizeof(float) * model.Parameters.Sum(p => p.Shape.ElementCount));
        TensorData input = Draw(new(DType.Float32, [28, 28, 1]), 3, 2, 0);
        LayerTests.AssertClose([model.Predict(input)], Runtime.Run(folder.File("resnet.onnx"), [input]), "in the runtime");
    }

    [Fact]
    public void AFixedNumberOfExamplesIsDeclared()
    {
        using var folder = new TemporaryFolder();
        var model = new Sequential(new Dense(3));
        model.Build(4);
        OnnxExporter.Export(model, folder.File("fixed.onnx"), new OnnxExportOptions { BatchSize = 2, InputNames = ["x"], OutputNames = ["y"] });
        OnnxModel back = OnnxModel.Import(folder.File("fixed.onnx"));
        Assert.Equal(["x"], back.GraphInputs);
        Assert.Equal(["y"], back.GraphOutputs);
        Assert.Throws<ShapeException>(() => back.Infer(new TensorData(DType.Float32, [3, 4])));
        TensorData input = Draw(new(DType.Float32, [4]), 5, 2, 0);
        LayerTests.AssertClose([model.Predict(input)], [back.Predict(input)], "in parts of two");
    }

    [Fact]
    public void WhatCannotBeExportedIsNamed()
    {
        using var folder = new TemporaryFolder();
        var noise = new Noise();
        noise.Build(3);
        var error = Assert.Throws<OnnxExportException>(() => OnnxExporter.Export(noise, folder.File("noise.onnx")));
        Assert.Contains("examples", error.Message, StringComparison.Ordinal);
        Assert.Throws<ModelException>(() => OnnxExporter.Export(new Sequential(new Dense(1)), folder.File("unbuilt.onnx")));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static Model ResNet()
    {
        var input = new Input([28, 28, 1]);
        LayerOutput x = new RandomCrop(28, 28).Apply(new ZeroPadding2D(2).Apply(input));
        x = new ActivationLayer(Activation.Relu).Apply(new BatchNormalization().Apply(new Conv2D(8, 3, strides: 2, padding: Padding.Same, useBias: false).Apply(x)));
        LayerOutput y = new BatchNormalization().Apply(new Conv2D(8, 3, padding: Padding.Same, useBias: false).Apply(x));
        x = new ActivationLayer(Activation.Relu).Apply(new Add().Apply([x, y]));
        return new Model(input, new Dense(10).Apply(new GlobalAveragePool2D().Apply(x)), "resnet") { Seed = 2 };
    }

    internal static TensorData Draw(TensorType type, int count, int limit, int seed)
    {
        TensorType batch = type with { Shape = new Shape(count).Concat(type.Shape) };
        return Values.ToData(type.DType.IsFloating() ? Values.Uniform(batch.Shape.ElementCount, -1, 1, seed) : Values.Integers(batch.Shape.ElementCount, 0, limit, seed), batch);
    }

    /// <summary>An encoder and a decoder, as in the example that reads dates.</summary>
    private sealed class Reader : Model
    {
        private readonly Embedding _read, _written;
        private readonly PositionalEmbedding _places, _writtenPlaces;
        private readonly TransformerEncoderBlock _encoder;
        private readonly TransformerDecoderBlock _decoder;
        private readonly LayerNormalization _norm, _last;

        internal Reader() : base("reader")
        {
            _read = Track(new Embedding(12, 16, maskZero: true, name: "read"));
            _places = Track(new PositionalEmbedding(9, name: "places"));
            _writtenPlaces = Track(new PositionalEmbedding(5, name: "written_places"));
            _encoder = Track(new TransformerEncoderBlock(4, 32, Activation.Gelu, preNorm: true));
            _norm = Track(new LayerNormalization(name: "norm"));
            _written = Track(new Embedding(12, 16, name: "written"));
            _decoder = Track(new TransformerDecoderBlock(4, 32, Activation.Gelu, preNorm: true, returnAttentionScores: true));
            _last = Track(new LayerNormalization(name: "last"));
        }

        protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs)
        {
            Tensor encoded = _norm.Apply(_encoder.Apply(_places.Apply(_read.Apply(inputs[0]))));
            return [_written.Project(_last.Apply(_decoder.ApplyWithScores(_writtenPlaces.Apply(_written.Apply(inputs[1])), encoded).Output))];
        }
    }

    /// <summary>Depends on the number of examples as no graph of the format can say.</summary>
    private sealed class Noise : Model
    {
        protected override Tensor Call(Tensor input) => input - input.Mean([0], keepAxes: true);
    }
}
