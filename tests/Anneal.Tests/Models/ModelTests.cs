namespace Anneal.Tests;

public class ModelTests
{
    [Fact]
    public void TheSummaryHasShapesAndCounts()
    {
        var model = new Sequential(
            new Conv2D(32, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(64, 3, Activation.Relu), new MaxPool2D(2), new Flatten(),
            new Dense(64, Activation.Relu), new Dense(10));
        model.Build([28, 28, 1]);
        string[] lines = model.Summary().Split('\n');
        Assert.Equal("model sequential", lines[0]);
        Assert.Matches(@"^conv2d \(Conv2D\)\s+\[batch, 26, 26, 32\]\s+320$", lines[3]);
        Assert.Matches(@"^conv2d_1 \(Conv2D\)\s+\[batch, 11, 11, 64\]\s+18,496$", lines[5]);
        Assert.Matches(@"^dense \(Dense\)\s+\[batch, 64\]\s+102,464$", lines[8]);
        Assert.Contains("parameters 121,930 (476.3 KB), trainable 121,930, not trainable 0", model.Summary());
        Assert.Equal(
            ["conv2d/kernel", "conv2d/bias", "conv2d_1/kernel", "conv2d_1/bias", "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"],
            model.Parameters.Select(p => p.Name));
    }

    [Fact]
    public void NamesDoNotDependOnOtherModels()
    {
        string[] names = [.. TestModels.Classifier().Layers.Select(l => l.Name)];
        Assert.Equal(["dense", "dropout", "dense_1"], names);
        Assert.Equal(names, TestModels.Classifier().Layers.Select(l => l.Name));
        Assert.Equal(["a", "dense", "dense_1"], new Sequential(new Dense(1, name: "a"), new Dense(1), new Dense(1)).Layers.Select(l => l.Name));
    }

    [Fact]
    public void ParametersFollowFromSeedAndNameAlone()
    {
        var small = new Sequential(new Dense(3, name: "x")) { Seed = 2 };
        var large = new Sequential(new Dense(4), new Dense(4, name: "y"), new Dense(3, name: "x")) { Seed = 2 };
        small.Build(4);
        large.Build(7);
        Assert.Equal(TestModels.Bits(small)["x/kernel"], TestModels.Bits(large)["x/kernel"]);
        Assert.NotEqual(TestModels.Bits(large)["y/kernel"], TestModels.Bits(large)["x/kernel"]);
    }

    [Fact]
    public void FunctionalAndSequentialModelsAgree()
    {
        var sequential = new Sequential(new Dense(4, Activation.Relu), new Dense(2)) { Seed = 3 };
        Input input = new(3);
        var functional = new Model(input, new Dense(2).Apply(new Dense(4, Activation.Relu, name: "dense").Apply(input))) { Seed = 3 };
        TensorData x = TensorData.From<float>([1, -2, 3, 4, 5, -6], [2, 3]);
        Assert.Equal(sequential.Predict(x).ToArray<float>(), functional.Predict(x).ToArray<float>());
        Assert.Equal(["input", "dense", "dense_1"], functional.Layers.Select(l => l.Name));
    }

    [Fact]
    public void SeveralInputsAndOutputsAreTrained()
    {
        Input a = new(2, name: "a"), b = new(2, name: "b");
        LayerOutput joined = new Concatenate().Apply(a, b);
        var model = new Model([a, b], [new Dense(1, name: "sum").Apply(joined), new Dense(2, name: "kind").Apply(joined)]);
        model.Compile(
            new Adam(0.05), [Loss.MeanSquaredError(), Loss.SparseCategoricalCrossentropy(fromLogits: true)], [[], [Metric.Accuracy]], [1, 0.5]);
        var random = new Random(3);
        float[] x = [.. Enumerable.Range(0, 120).Select(_ => (float)random.NextDouble() - 0.5f)];
        float[] sums = [.. Enumerable.Range(0, 30).Select(i => x[2 * i] + x[60 + 2 * i])];
        var data = new ArrayDataset(
            [TensorData.From(x[..60], [30, 2]), TensorData.From(x[60..], [30, 2])],
            [TensorData.From(sums), TensorData.From([.. sums.Select(s => s > 0 ? 1 : 0)])]);
        History history = model.Fit(data, TestModels.Quiet with { Epochs = 60, BatchSize = 8 });
        Assert.Equal(["loss", "sum_loss", "kind_loss", "kind_accuracy"], history.Names);
        Assert.Equal(history["sum_loss"][0] + 0.5 * history["kind_loss"][0], history["loss"][0], 6);
        Assert.True(history["loss"][^1] < 0.4 * history["loss"][0]);
        Assert.Contains("kind", Assert.Throws<OptionException>(() => history["acc"]).Message);
    }

    [Fact]
    public void ModelsNest()
    {
        var inner = new Sequential(new Dense(4), new Dense(4));
        var outer = new Sequential(inner, new Dense(1), new Sequential(new Dense(1)));
        outer.Compile(new Sgd(0.01), Loss.MeanSquaredError());
        outer.Fit(TensorData.From(new float[20], [10, 2]), TensorData.From(new float[10]), TestModels.Quiet with { BatchSize = 5 });
        Assert.Equal(
            ["sequential/dense/kernel", "sequential/dense/bias", "sequential/dense_1/kernel", "sequential/dense_1/bias", "dense/kernel", "dense/bias",
             "sequential_1/dense/kernel", "sequential_1/dense/bias"],
            outer.NamedVariables().Select(v => v.Name));
    }

    [Fact]
    public void AModelWorksInACustomLoop()
    {
        var model = new Sequential(new Dense(1));
        var optimizer = new Sgd(0.1, momentum: 0.5);
        model.Build(1);
        OptimizerState state = optimizer.CreateState(model.Parameters);
        Program step = Program.Compile(x =>
        {
            Tensor loss = Tensor.Square(model.Apply(x[0]) - x[1]).Mean();
            optimizer.Apply(state, model.Parameters, Gradients.Of(loss, model.Parameters));
            return [loss];
        });
        TensorData a = TensorData.From<float>([0, 1, 2], [3, 1]), b = TensorData.From<float>([1, 3, 5], [3, 1]);
        float loss = 0;
        for (int i = 0; i < 300; i++)
            loss = step.Run(a, b).Item<float>();
        Assert.True(loss < 1e-6, $"{loss}");
        Assert.Equal(2, model.Parameters[0].Value.ToArray<float>()[0], 2);
    }

    [Fact]
    public void ALayerIsComputedLazily()
    {
        var layer = new Dense(2, kernelInitializer: Initializer.Ones);
        Tensor y = layer.Apply(Tensor.From(new float[,] { { 1, 2, 3 } }));
        Assert.Equal([6f, 6f], y.ToArray<float>());
        Assert.Equal("dense/kernel", layer.Parameters[0].Name);
    }

    [Fact]
    public void PredictionsOfManyThreadsAreEqual()
    {
        Sequential model = TestModels.Classifier();
        model.Build(2);
        TensorData x = TensorData.From([.. Enumerable.Range(0, 200).Select(i => i / 100f)], [100, 2]);
        byte[] expected = model.Predict(x, batchSize: 16).AsBytes().ToArray();
        Parallel.For(0, 32, _ => Assert.Equal(expected, model.Predict(x, batchSize: 16).AsBytes().ToArray()));
        Assert.Equal(expected, model.Predict(x, batchSize: 1000).AsBytes().ToArray());
    }

    [Fact]
    public void AnInputThatIsNotGivenIsAMistake()
    {
        Input a = new(2), b = new(2);
        LayerOutput sum = new Add().Apply(a, b);
        Assert.Contains("input", Assert.Throws<ModelException>(() => new Model(a, sum)).Message);
    }
}
