using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Tests;

public class SavedModelTests
{
    [Fact]
    public void ALoadedModelPredictsTheSameBits()
    {
        using var folder = new TestFolder();
        var model = new Sequential(
            new Conv2D(4, (3, 2), Activation.Gelu, strides: (1, 2), padding: Padding.Same, dilation: 1, kernelInitializer: Initializer.HeNormal),
            new MaxPool2D(2, padding: Padding.Same), new AveragePool2D(2, strides: 1), new Dropout(0.5), new Flatten(), new Reshape([-1, 2]),
            new Dense(3, kernelInitializer: new Orthogonal(0.5)), new ActivationLayer(Activation.Softmax), new Flatten())
        { Seed = 7 };
        TensorData x = Inputs(TestModels.Pictures(5));
        TensorData expected = model.Predict(x);
        model.Save(folder.Path);
        Model loaded = Model.Load(folder.Path);
        Assert.IsType<Sequential>(loaded);
        Assert.Equal(7, loaded.Seed);
        Assert.Equal(expected.AsBytes().ToArray(), loaded.Predict(x).AsBytes().ToArray());
        TestModels.AssertSameBits(model, loaded);
        Assert.Equal(model.Summary(), loaded.Summary());
    }

    public static TheoryData<string> Optimizers => [.. OptimizerCases.All.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void AnInterruptedTrainingGivesTheSameBits(string name)
    {
        OptimizerCase @case = OptimizerCases.All.Single(c => c.Name == name);
        foreach (bool isInMiddleOfEpochs in (bool[])[false, true])
        {
            using var folder = new TestFolder();
            ArrayDataset data = TestModels.Points(50);
            FitOptions options = TestModels.Quiet with { Epochs = isInMiddleOfEpochs ? 1 : 2, BatchSize = 16 };
            Optimizer optimizer = @case.Make(new CosineSchedule(0.02, 12, 1e-4).WithWarmUp(6));
            Sequential whole = TestModels.Classifier(seed: 5, dropout: 0.4);
            whole.Compile(WithOptions(optimizer), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
            whole.Fit(data, options);
            whole.Save(folder.Path);
            var resumed = Model.Load<Sequential>(folder.Path);
            Assert.Equal(options.Epochs, resumed.EpochsTrained);
            Assert.Equal(whole.Setup!.OptimizerState.LearningRate, resumed.Setup!.OptimizerState.LearningRate);
            History a = whole.Fit(data, options), b = resumed.Fit(data, options);
            Assert.Equal(a["loss"], b["loss"]);
            TestModels.AssertSameBits(whole, resumed);
            using (whole.UseAveragedWeights())
            using (resumed.UseAveragedWeights())
                TestModels.AssertSameBits(whole, resumed);
        }
    }

    /// <summary>The same optimizer with groups, clipping and running means: what its configuration says, and these.</summary>
    private static Optimizer WithOptions(Optimizer optimizer)
    {
        LayerConfig stored = OptimizerRegistry.Write(optimizer, []);
        stored.Set("globalClipNorm", 1.5);
        stored.Set("averageMomentum", 0.8);
        stored.SetParts("groups", [new ParameterGroup("*/bias") { LearningRateFactor = 0.5, WeightDecay = 0 }.Write([])]);
        return OptimizerRegistry.Read(stored);
    }

    [Fact]
    public void AFunctionalModelWithSharedLayersIsSaved()
    {
        using var folder = new TestFolder();
        Model model = Siamese();
        TensorData a = TensorData.From<float>([1, 2, 3, 4], [2, 2]), b = TensorData.From<float>([4, 3, 2, 1], [2, 2]);
        var data = new ArrayDataset([a, b], []);
        TensorData[] expected = model.PredictAll(data);
        model.Save(folder.Path);
        TensorData[] found = Model.Load(folder.Path).PredictAll(data);
        Assert.Equal(2, found.Length);
        for (int i = 0; i < found.Length; i++)
            Assert.Equal(expected[i].AsBytes().ToArray(), found[i].AsBytes().ToArray());
    }

    [Fact]
    public void FrozenPartsStayFrozen()
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Classifier();
        model.Build(2);
        model.Layers[0].Trainable = false;
        ((Dense)model.Layers[2]).Bias!.Trainable = false;
        model.Save(folder.Path);
        Model loaded = Model.Load(folder.Path);
        Assert.False(loaded.Layers[0].Trainable);
        Assert.False(((Dense)loaded.Layers[2]).Bias!.Trainable);
        Assert.Equal(["dense_1/kernel"], loaded.NamedVariables().Where(v => v.IsTrained).Select(v => v.Name));
    }

    [Fact]
    public void AModelOfOnesOwnIsLoadedByItsFactory()
    {
        using var folder = new TestFolder();
        LayerRegistry.Register(nameof(Residual), c => new Residual(c.GetInt32("width")));
        LayerRegistry.Register("Scale", _ => new Scale());
        var model = new Residual(4);
        TensorData x = TensorData.From<float>([1, 2, 3, 4], [1, 4]);
        TensorData expected = model.Predict(x);
        Assert.Equal(["scale/factor", "inner/kernel", "inner/bias"], model.NamedVariables().Select(v => v.Name));
        model.Save(folder.Path);
        Assert.Equal(expected.AsBytes().ToArray(), Model.Load<Residual>(folder.Path).Predict(x).AsBytes().ToArray());
        Assert.Contains("Sequential", Assert.Throws<ModelFileException>(() => Model.Load<Sequential>(folder.Path)).Message);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("extra")]
    [InlineData("shape")]
    [InlineData("dtype")]
    public void TensorsThatDoNotFitAreNamedAndNothingIsChanged(string kind)
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Classifier(), target = TestModels.Classifier(seed: 9);
        model.Fit(TestModels.Points(20), TestModels.Quiet with { BatchSize = 10 });
        target.Build(2);
        model.Save(folder.Path);
        Tamper(folder.Path, ModelStore.Weights, tensors =>
        {
            switch (kind)
            {
                case "missing": tensors.Remove("dense_1/kernel"); break;
                case "extra": tensors.Add("dense_2/kernel", new TensorData(DType.Float32, 3)); break;
                case "shape": tensors["dense_1/kernel"] = new TensorData(DType.Float32, [3, 8]); break;
                default: tensors["dense_1/kernel"] = new TensorData(DType.Float64, [8, 3]); break;
            }
        });
        Dictionary<string, byte[]> before = TestModels.Bits(target);
        string expected = kind == "extra" ? "dense_2/kernel" : "dense_1/kernel";
        Assert.Contains(expected, Assert.Throws<ModelFileException>(() => Model.Load(folder.Path)).Message);
        Assert.Contains(expected, Assert.Throws<ModelFileException>(() => target.LoadWeights(folder.Path)).Message);
        Assert.Equal(before, TestModels.Bits(target));
    }

    [Fact]
    public void AMissingSlotIsNamed()
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Classifier();
        model.Fit(TestModels.Points(20), TestModels.Quiet with { BatchSize = 10 });
        model.Save(folder.Path);
        Tamper(folder.Path, ModelStore.Training, tensors => tensors.Remove("optimizer/dense/bias/first_moment"));
        Assert.Contains("optimizer/dense/bias/first_moment", Assert.Throws<ModelFileException>(() => Model.Load(folder.Path)).Message);
    }

    [Theory]
    [InlineData("\"units\": 8", "\"units\": 0", "units")]
    [InlineData("\"units\": 8", "\"units\": \"many\"", "units")]
    [InlineData("\"activation\": \"Tanh\"", "\"activation\": \"7\"", "activation")]
    [InlineData("\"useBias\": true", "\"useBias\": true, \"later\": 1", "later")]
    [InlineData("\"type\": \"Dense\"", "\"type\": \"Denser\"", "Denser")]
    [InlineData("\"formatVersion\": 1", "\"formatVersion\": 2", "formatVersion")]
    [InlineData("\"type\": \"Adam\"", "\"type\": \"Eve\"", "Eve")]
    [InlineData("{", "", "JSON")]
    public void AConfigurationThatDoesNotFitIsNamed(string from, string to, string named)
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Classifier();
        model.Build(2);
        model.Save(folder.Path);
        List<ModelFile> files = Read(folder.Path);
        string text = System.Text.Encoding.UTF8.GetString(Content(files, ModelStore.Config));
        int at = text.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        byte[] changed = System.Text.Encoding.UTF8.GetBytes(text[..at] + to + text[(at + from.Length)..]);
        Replace(folder.Path, files, ModelStore.Config, changed);
        Assert.Contains(named, Assert.Throws<ModelFileException>(() => Model.Load(folder.Path)).Message);
    }

    [Fact]
    public void TheConfigurationIsReadable()
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Classifier();
        model.Build(2);
        model.Save(folder.Path);
        JsonNode config = JsonNode.Parse(Content(Read(folder.Path), ModelStore.Config))!;
        Assert.Equal(1, (int)config["formatVersion"]!);
        Assert.Equal("Sequential", (string?)config["model"]!["type"]);
        Assert.Equal("Tanh", (string?)config["model"]!["config"]!["layers"]![0]!["config"]!["activation"]);
    }

    private static Model Siamese()
    {
        Input left = new(2), right = new(2);
        var shared = new Dense(3, Activation.Tanh);
        LayerOutput a = shared.Apply(left), b = shared.Apply(right);
        LayerOutput both = new Concatenate().Apply(a, b);
        return new Model([left, right], [new Dense(1).Apply(both), new Add().Apply(a, b)]);
    }

    private static TensorData Inputs(Dataset data)
    {
        Batch batch = data.CreateBatch(data.Count);
        data.Fill([.. Enumerable.Range(0, data.Count)], batch);
        return batch.Inputs[0];
    }

    private static void Tamper(string folder, string name, Action<OrderedDictionary<string, TensorData>> change)
    {
        List<ModelFile> files = Read(folder);
        OrderedDictionary<string, TensorData> tensors = Safetensors.Read(new MemoryStream(Content(files, name)), name).Tensors;
        change(tensors);
        using var stream = new MemoryStream();
        Safetensors.Write(stream, name, tensors.Select(t => (t.Key, t.Value)));
        Replace(folder, files, name, stream.ToArray());
    }

    private static List<ModelFile> Read(string folder)
    {
        using ModelFolder open = ModelFolder.Open(folder);
        var files = new List<ModelFile>();
        foreach (string name in open.Names)
        {
            using var copy = new MemoryStream();
            open[name].CopyTo(copy);
            byte[] bytes = copy.ToArray();
            files.Add(new ModelFile(name, stream => stream.Write(bytes)));
        }

        return files;
    }

    private static byte[] Content(List<ModelFile> files, string name)
    {
        using var stream = new MemoryStream();
        files.Single(f => f.Name == name).Write(stream);
        return stream.ToArray();
    }

    private static void Replace(string folder, List<ModelFile> files, string name, byte[] content) =>
        ModelFolder.Save(folder, [.. files.Select(f => f.Name == name ? new ModelFile(name, stream => stream.Write(content)) : f)]);
}

/// <summary>A model of a user: y = inner(x) + factor · x.</summary>
internal sealed class Residual : Model
{
    private readonly int _width;
    private readonly Scale _scale;
    private readonly Dense _inner;

    internal Residual(int width)
    {
        _width = width;
        _scale = Track(new Scale());
        _inner = Track(new Dense(width, name: "inner"));
    }

    protected override Tensor Call(Tensor input) => _inner.Apply(input) + _scale.Apply(input);

    protected internal override void WriteConfig(LayerConfig config) => config.Set("width", _width);
}

/// <summary>A layer of a user: multiplies by one learned number.</summary>
internal sealed class Scale : Layer
{
    private Parameter? _factor;

    protected override void Build(Shape inputShape) => _factor = AddParameter("factor", 1, Initializer.Ones);

    protected override Tensor Call(Tensor input) => input * _factor!;
}

