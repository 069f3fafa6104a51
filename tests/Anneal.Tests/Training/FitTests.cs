namespace Anneal.Tests;

public class FitTests
{
    [Fact]
    public void TwoLayersLearnThreeClasses()
    {
        Sequential model = TestModels.Classifier();
        ArrayDataset data = TestModels.Points(90);
        History history = model.Fit(data, TestModels.Quiet with { Epochs = 20, BatchSize = 16 });
        Assert.Equal(20, history.Epochs.Count);
        Assert.True(history["loss"][^1] < 0.2 * history["loss"][0], string.Join(" ", history["loss"]));
        EvaluationResult result = model.Evaluate(data);
        Assert.Equal(1.0, result["accuracy"]);
        Assert.Matches(@"^loss \d\.\d{4}, accuracy 1\.0000$", result.ToString());
        Assert.Equal(20, model.EpochsTrained);
    }

    [Fact]
    public void AConvolutionalNetworkLearns()
    {
        var model = new Sequential(
            new Conv2D(4, 3, Activation.Relu, padding: Padding.Same), new MaxPool2D(2), new Conv2D(4, 2, Activation.Relu), new AveragePool2D(2),
            new Flatten(), new Dropout(0.1), new Dense(2, Activation.Softmax));
        model.Compile(new Adam(0.02), Loss.SparseCategoricalCrossentropy(), Metric.Accuracy);
        History history = model.Fit(TestModels.Pictures(60), TestModels.Quiet with { Epochs = 15, BatchSize = 16, ValidationSplit = 0.2 });
        Assert.Equal(["loss", "accuracy", "val_loss", "val_accuracy"], history.Names);
        Assert.Equal(1.0, history["val_accuracy"][^1]);
    }

    [Fact]
    public void TheLastSmallerBatchHasItsOwnMean()
    {
        // y = w x with w = 0: the loss of an example is y squared, so an epoch of batches 2 and 1 with no learning is the mean of all.
        Sequential model = TestModels.Linear(new Sgd(0));
        ArrayDataset data = Dataset.From(TensorData.From<float>([1, 1, 1], [3, 1]), TensorData.From<float>([1, 2, 4], [3, 1]));
        History history = model.Fit(data, TestModels.Quiet with { BatchSize = 2, Shuffle = false });
        Assert.Equal((1 + 4 + 16) / 3.0, history["loss"][0], 6);
        Assert.Equal((1 + 4 + 16) / 3.0, model.Evaluate(data, batchSize: 2).Loss, 6);
    }

    [Fact]
    public void AStepFollowsTheMeanOfItsBatch()
    {
        // Two steps by hand: batch (1, 2), then (4) alone. dL/dw = mean of 2 (w x - y) x.
        Sequential model = TestModels.Linear(new Sgd(0.1));
        ArrayDataset data = Dataset.From(TensorData.From<float>([1, 2, 3], [3, 1]), TensorData.From<float>([1, 2, 4], [3, 1]));
        model.Fit(data, TestModels.Quiet with { BatchSize = 2, Shuffle = false });
        double w = 0.1 * (2 * 1 * 1 + 2 * 2 * 2) / 2;
        w -= 0.1 * 2 * (w * 3 - 4) * 3;
        Assert.Equal(w, model.Parameters[0].Value.ToArray<float>()[0], 5);
    }

    [Fact]
    public void ExampleWeightsAreDividedByTheCount()
    {
        Sequential model = TestModels.Linear(new Sgd(0));
        ArrayDataset data = Dataset.From(
            TensorData.From<float>([1, 1], [2, 1]), TensorData.From<float>([1, 2], [2, 1]), TensorData.From<float>([3, 0.5f]));
        Assert.Equal((3 * 1 + 0.5 * 4) / 2, model.Evaluate(data).Loss, 6);
        Assert.Equal((3 * 1 + 0.5 * 4) / 2, model.Fit(data, TestModels.Quiet with { BatchSize = 2 })["loss"][0], 6);
    }

    [Fact]
    public void ClassWeightsAreDividedByTheirSum()
    {
        var model = new Sequential(new Dense(2, useBias: false, kernelInitializer: Initializer.Ones));
        model.Compile(new Sgd(0), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        model.Build(1);
        model.Parameters[0].Value = TensorData.From<float>([0, 1], [1, 2]);
        ArrayDataset data = Dataset.From(TensorData.From<float>([1, 2, 3], [3, 1]), TensorData.From([0, 1, 1]));
        double[] losses = [Math.Log(1 + Math.Exp(1)), Math.Log(1 + Math.Exp(-2)), Math.Log(1 + Math.Exp(-3))];
        var weights = new Dictionary<int, double> { [0] = 5 };
        History history = model.Fit(data, TestModels.Quiet with { BatchSize = 3, ClassWeights = weights });
        Assert.Equal((5 * losses[0] + losses[1] + losses[2]) / 7, history["loss"][0], 5);
        Assert.Equal(2 / 3.0, history["accuracy"][0], 6);
    }

    [Fact]
    public void IgnoredLabelsDoNotCount()
    {
        var model = new Sequential(new Dense(2, useBias: false));
        model.Compile(new Sgd(0), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        model.Build(1);
        model.Parameters[0].Value = TensorData.From<float>([0, 1], [1, 2]);
        ArrayDataset data = Dataset.From(TensorData.From<float>([1, 2, 3], [3, 1]), TensorData.From([-100, 0, 1]));
        double[] losses = [Math.Log(1 + Math.Exp(2)), Math.Log(1 + Math.Exp(-3))];
        EvaluationResult result = model.Evaluate(data, batchSize: 2);
        Assert.Equal(losses.Average(), result.Loss, 5);
        Assert.Equal(0.5, result["accuracy"]);
    }

    [Fact]
    public void ValidationTakesTheLastExamplesBeforeShuffling()
    {
        Sequential model = TestModels.Linear(new Sgd(0));
        ArrayDataset data = Dataset.From(TensorData.From<float>([1, 1, 1, 1], [4, 1]), TensorData.From<float>([1, 2, 3, 5], [4, 1]));
        History history = model.Fit(data, TestModels.Quiet with { BatchSize = 1, ValidationSplit = 0.25, Epochs = 2 });
        Assert.Equal([(1 + 4 + 9) / 3.0, (1 + 4 + 9) / 3.0], history["loss"], new Near(1e-6));
        Assert.Equal([25.0, 25.0], history["val_loss"], new Near(1e-6));
    }

    [Fact]
    public void TwoCallsOfFitAreOneLongOne()
    {
        ArrayDataset data = TestModels.Points(50);
        Sequential once = TestModels.Classifier(seed: 3, dropout: 0.3), twice = TestModels.Classifier(seed: 3, dropout: 0.3);
        once.Fit(data, TestModels.Quiet with { Epochs = 4, BatchSize = 16 });
        twice.Fit(data, TestModels.Quiet with { Epochs = 1, BatchSize = 16 });
        twice.Fit(data, TestModels.Quiet with { Epochs = 3, BatchSize = 16 });
        TestModels.AssertSameBits(once, twice);
    }

    [Fact]
    public void TheSeedDecides()
    {
        ArrayDataset data = TestModels.Points(50);
        Sequential a = TestModels.Classifier(seed: 3, dropout: 0.3), b = TestModels.Classifier(seed: 3, dropout: 0.3), c = TestModels.Classifier(seed: 4, dropout: 0.3);
        foreach (Sequential model in (Sequential[])[a, b, c])
            model.Fit(data, TestModels.Quiet with { Epochs = 2, BatchSize = 16 });
        TestModels.AssertSameBits(a, b);
        Assert.NotEqual(TestModels.Bits(a)["dense/kernel"], TestModels.Bits(c)["dense/kernel"]);
    }

    [Fact]
    public void FrozenLayersStay()
    {
        Sequential model = TestModels.Classifier();
        model.Build(2);
        model.Layers[0].Trainable = false;
        byte[] before = TestModels.Bits(model)["dense/kernel"], head = TestModels.Bits(model)["dense_1/kernel"];
        model.Fit(TestModels.Points(30), TestModels.Quiet with { BatchSize = 10 });
        Assert.Equal(before, TestModels.Bits(model)["dense/kernel"]);
        Assert.NotEqual(head, TestModels.Bits(model)["dense_1/kernel"]);
        model.Layers[0].Trainable = true;
        model.Fit(TestModels.Points(30), TestModels.Quiet with { BatchSize = 10 });
        Assert.NotEqual(before, TestModels.Bits(model)["dense/kernel"]);
    }

    [Fact]
    public void CancellationEndsBetweenSteps()
    {
        using var source = new CancellationTokenSource();
        Sequential model = TestModels.Classifier();
        int steps = 0;
        var callback = new LambdaCallback
        {
            BatchEnd = run =>
            {
                if (++steps == 3)
                    source.Cancel();
            },
        };
        FitOptions options = TestModels.Quiet with { Epochs = 50, BatchSize = 10, Callbacks = [callback] };
        Assert.ThrowsAny<OperationCanceledException>(() => model.Fit(TestModels.Points(30), options, source.Token));
        Assert.Equal(3, steps);
        Assert.Equal(3, model.Setup!.OptimizerState.Step);
        Assert.NotEmpty(model.Fit(TestModels.Points(30), TestModels.Quiet with { BatchSize = 10 }).Epochs);
    }

    [Fact]
    public void AStepAllocatesNothing()
    {
        Sequential model = TestModels.Classifier(dropout: 0.2);
        long[] marks = new long[400];
        int step = 0;
        var callback = new LambdaCallback { BatchEnd = _ => marks[step++] = GC.GetAllocatedBytesForCurrentThread() };
        model.Fit(TestModels.Points(200), TestModels.Quiet with { Epochs = 2, BatchSize = 1, Callbacks = [callback] });

        // The second epoch: the first compiles what it meets.
        for (int i = 202; i < 400; i++)
            Assert.True(marks[i] == marks[i - 1], $"Step {i} allocated {marks[i] - marks[i - 1]} bytes.");
    }

    [Fact]
    public void TheLearningRateMayChangeBetweenSteps()
    {
        var optimizer = new Sgd(0.5);
        Sequential model = TestModels.Linear(optimizer);
        ArrayDataset data = Dataset.From(TensorData.From<float>([1], [1, 1]), TensorData.From<float>([1], [1, 1]));
        var callback = new LambdaCallback { EpochEnd = (run, _) => run.Optimizer.LearningRate = 0 };
        model.Fit(data, TestModels.Quiet with { Epochs = 3, BatchSize = 1, Callbacks = [callback] });
        Assert.Equal(1f, model.Parameters[0].Value.ToArray<float>()[0]);
    }

    private sealed class Near(double tolerance) : IEqualityComparer<double>
    {
        public bool Equals(double a, double b) => Math.Abs(a - b) <= tolerance;

        public int GetHashCode(double value) => 0;
    }
}
