namespace Anneal.Tests;

/// <summary>Each mistake gives one typed exception that names what was expected and what was found, and leaves the model as it was.</summary>
public class BadInputTests
{
    private static readonly FitOptions Options = TestModels.Quiet with { BatchSize = 10 };

    [Fact]
    public void FeaturesThatDoNotFitNameTheLayer()
    {
        Sequential model = TestModels.Classifier();
        model.Fit(TestModels.Points(30), Options);
        ArrayDataset other = Dataset.From(new TensorData(DType.Float32, [30, 5]), new TensorData(DType.Int32, 30));
        AssertUnchanged(model, () => Says<ShapeException>(() => model.Fit(other, Options), "sequential/dense", "2 features", "[10, 5]"));
        AssertUnchanged(model, () => Says<ShapeException>(() => model.Evaluate(other), "sequential/dense", "2 features"));
        AssertUnchanged(model, () => Says<ShapeException>(() => model.Predict((Dataset)other), "sequential/dense", "2 features"));
    }

    [Fact]
    public void AFailedBuildLeavesTheModelUnbuilt()
    {
        var model = new Sequential(new Dense(4), new Conv2D(2, 3));
        Says<ShapeException>(() => model.Build(2), "sequential/conv2d", "[batch, height, width, channels]", "[2, 4]");
        Assert.False(model.IsBuilt);
        Assert.False(model.Layers[0].IsBuilt);
        Assert.Empty(model.Parameters);
    }

    [Fact]
    public void AWindowLargerThanTheImageNamesTheLayer() =>
        Says<ShapeException>(() => new Sequential(new Conv2D(2, 5)).Build([4, 4, 1]), "sequential/conv2d", "5 x 5", "4 x 4");

    [Fact]
    public void InputsOfAnotherTypeNameTheLayer()
    {
        Sequential model = TestModels.Classifier();
        ArrayDataset bytes = Dataset.From(new TensorData(DType.UInt8, [30, 2]), new TensorData(DType.Int32, 30));
        Says<DTypeException>(() => model.Fit(bytes, Options), "sequential/dense", "float32", "uint8");
        Says<DTypeException>(() => new Sequential(new Embedding(3, 2)).Build(4), "sequential/embedding", "int32", "float32");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(1000)]
    public void ALabelOutOfRangeNamesTheExample(int label)
    {
        Sequential model = TestModels.Classifier();
        model.Fit(TestModels.Points(30), Options);
        var labels = new int[30];
        labels[17] = label;
        ArrayDataset data = Dataset.From(new TensorData(DType.Float32, [30, 2]), TensorData.From(labels));
        FitOptions oneBatch = Options with { BatchSize = 30 };
        AssertUnchanged(model, () => Says<LabelException>(() => model.Fit(data, oneBatch), "target 0", "example 17", "0 to 2", label.ToString()));
        AssertUnchanged(model, () => Says<LabelException>(() => model.Evaluate(data), "example 17"));
    }

    [Fact]
    public void LabelsOfAnotherTypeOrShapeAreRefused()
    {
        Sequential model = TestModels.Classifier();
        var x = new TensorData(DType.Float32, [30, 2]);
        Says<DTypeException>(() => model.Fit(x, new TensorData(DType.Float32, 30), Options), "target 0", "whole numbers", "float32");
        Says<ShapeException>(() => model.Fit(x, new TensorData(DType.Int32, [30, 3]), Options), "target 0", "[batch]", "[batch, 3]");
        model.Compile(new Sgd(), Loss.CategoricalCrossentropy(fromLogits: true));
        Says<ShapeException>(() => model.Fit(x, new TensorData(DType.Int32, 30), Options), "target 0", "[batch, 3]", "[batch]");
        model.Compile(new Sgd(), Loss.MeanSquaredError());
        Says<ShapeException>(() => model.Fit(x, new TensorData(DType.Float32, [30, 2]), Options), "target 0", "[batch, 3]", "[batch, 2]");
    }

    [Theory]
    [InlineData(1.5f)]
    [InlineData(-0.1f)]
    [InlineData(float.NaN)]
    public void AProbabilityOutOfRangeNamesTheExample(float target)
    {
        var model = new Sequential(new Dense(1, Activation.Sigmoid));
        model.Compile(new Sgd(), Loss.BinaryCrossentropy());
        var y = new float[30];
        y[4] = target;
        Says<LabelException>(() => model.Fit(new TensorData(DType.Float32, [30, 2]), TensorData.From(y), Options with { Shuffle = false }), "example 4", "0 to 1");
    }

    [Fact]
    public void NotANumberInTheLossNamesTheStep()
    {
        Sequential model = TestModels.Linear(new Sgd(0.1));
        var x = new float[30];
        x[25] = float.NaN;
        var exception = Says<NonFiniteLossException>(
            () => model.Fit(TensorData.From(x, [30, 1]), TensorData.From(new float[30]), Options with { Shuffle = false, Epochs = 2 }),
            "epoch 1", "step 3", "NaN", "Hint");
        Assert.Equal((1, 3), (exception.Epoch, exception.Step));
    }

    [Fact]
    public void TooFewExamplesAreRefused()
    {
        Sequential model = TestModels.Classifier();
        ArrayDataset empty = Dataset.From(new TensorData(DType.Float32, [0, 2]), new TensorData(DType.Int32, 0));
        Says<DatasetException>(() => model.Fit(empty), "empty");
        Says<DatasetException>(() => model.Evaluate(empty), "empty");
        Says<DatasetException>(() => model.Predict((Dataset)empty), "empty");
        Says<DatasetException>(() => model.Fit(TestModels.Points(9), Options), "10", "9");
        Says<DatasetException>(() => model.Fit(TestModels.Points(20), Options with { ValidationSplit = 0.99 }), "20");
        Says<DatasetException>(() => model.Fit(Dataset.From(new TensorData(DType.Float32, [30, 2])), Options), "0 targets");
    }

    [Fact]
    public void AnIndexBeyondAnEmbeddingNamesLayerAndExample()
    {
        var model = new Sequential(new Embedding(5, 3), new Flatten(), new Dense(2));
        model.Compile(new Sgd(0.1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        var x = new int[40];
        x[13] = 5;
        TensorData inputs = TensorData.From(x, [10, 4]);
        Says<InputException>(() => model.Predict(inputs), "sequential/embedding", "0 to 4", "found 5", "example 3");
        Says<InputException>(() => model.Fit(inputs, new TensorData(DType.Int32, 10), Options), "sequential/embedding", "example 3");
    }

    [Fact]
    public void AModelThatIsNotReadySaysWhatToCall()
    {
        var model = new Sequential(new Dense(1));
        Says<ModelException>(() => model.Fit(TestModels.Points(30)), "not compiled", "Compile");
        Says<ModelException>(() => model.Summary(), "not built", "Build");
        using var folder = new TestFolder();
        Says<ModelException>(() => model.Save(folder.Path), "not built");
        Assert.False(Directory.Exists(folder.Path));
    }

    [Fact]
    public void ArgumentsAreCheckedAtOnce()
    {
        Says<OptionException>(() => new Dense(0), "Dense", "units", "0");
        Says<OptionException>(() => new Conv2D(4, (3, 0)), "Conv2D", "kernelSize", "3 x 0");
        Says<OptionException>(() => new Conv2D(4, 3, groups: 3), "Conv2D", "groups");
        Says<OptionException>(() => new Dense(1, (Activation)99), "Dense", "activation", "99");
        Says<OptionException>(() => new Dropout(1), "Dropout", "rate");
        Says<OptionException>(() => new Dropout(double.NaN), "Dropout", "rate", "NaN");
        Says<OptionException>(() => new Adam(-1), "Adam", "LearningRate", "-1");
        Says<OptionException>(() => new Sgd(0.1, nesterov: true), "Sgd", "nesterov");
        Says<OptionException>(() => new Reshape([-1, -1]), "Reshape", "targetShape");
        Says<OptionException>(() => new Sequential { Seed = -1 }, "Seed", "-1");
        Says<OptionException>(() => new Sequential(new Dense(1, name: "a"), new Dense(1, name: "a")), "sequential", "a");
        Says<OptionException>(() => new Dense(1, name: "a/b"), "a/b");
        Sequential model = TestModels.Classifier();
        ArrayDataset data = TestModels.Points(30);
        Says<OptionException>(() => model.Fit(data, Options with { Epochs = 0 }), "Epochs", "0");
        Says<OptionException>(() => model.Fit(data, Options with { ValidationSplit = 1 }), "ValidationSplit");
        Says<OptionException>(() => model.Fit(data, Options with { ValidationSplit = 0.5, ValidationData = data }), "not both");
        Says<OptionException>(() => model.Fit(data, Options with { ClassWeights = new Dictionary<int, double> { [3] = 1 } }), "class 3", "0 to 2");
        Says<OptionException>(() => model.Compile(new Sgd(), Loss.MeanSquaredError(), Metric.Accuracy, Metric.Accuracy), "accuracy", "twice");
    }

    [Fact]
    public void AMetricThatDoesNotFitTheLossIsRefused()
    {
        Sequential model = TestModels.Linear(new Sgd());
        model.Compile(new Sgd(), Loss.MeanSquaredError(), Metric.SparseCategoricalAccuracy());
        Says<ModelException>(
            () => model.Fit(new TensorData(DType.Float32, [10, 1]), new TensorData(DType.Float32, 10), Options),
            "sparse_categorical_accuracy", "mean_squared_error");
    }

    private static T Says<T>(Action action, params string[] words) where T : Exception
    {
        T exception = Assert.Throws<T>(action);
        Assert.All(words, w => Assert.Contains(w, exception.Message));
        return exception;
    }

    private static void AssertUnchanged(Model model, Action action)
    {
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        long step = model.Setup!.OptimizerState.Step;
        action();
        Assert.Equal(before, TestModels.Bits(model));
        Assert.Equal(step, model.Setup.OptimizerState.Step);
    }
}
