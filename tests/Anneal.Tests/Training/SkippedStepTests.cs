using System.Text;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Tests.Training;

/// <summary>Steps that are skipped or fail leave nothing behind, and an epoch of them has no invented values.</summary>
public sealed class SkippedStepTests
{
    private static readonly LossScaling KeptScale = new() { InitialScale = 1e30, BackoffFactor = 1, MaximumSkipped = 5 };

    [Fact]
    public void AFailedStepLeavesMovedAveragesAsTheyWere()
    {
        // The search for the bad gradient runs the step once more.
        Sequential model = Averaging(new RootLoss());
        model.Fit(Numbers(8), TestModels.Quiet with { BatchSize = 8 });
        Memory before = Memory.Of(model);
        TensorData bad = Targets(8);
        bad.SetDouble(3, 0);
        var mistake = Assert.Throws<NonFiniteGradientException>(() => model.Fit(Numbers(8, bad), TestModels.Quiet with { BatchSize = 8 }));
        Assert.Contains("batch_normalization", mistake.Parameter);
        before.AssertSame(model);
    }

    [Theory]
    [InlineData("loss", false)]
    [InlineData("loss", true)]
    [InlineData("gradient", false)]
    [InlineData("gradient", true)]
    [InlineData("target", false)]
    [InlineData("sum", false)]
    [InlineData("sum", true)]
    public void GoodPartsBeforeABadOneLeaveNothingBehind(string kind, bool scales)
    {
        // The second of two batches has its mistake in the third of four parts; where only the sum overflows, in none of them.
        Sequential model = Averaging(kind switch { "target" => Loss.BinaryCrossentropy(fromLogits: true), "sum" => new SteepLoss(), _ => new RootLoss() });
        TensorData targets = Targets(16);
        if (kind == "sum")
        {
            for (int i = 8; i < 16; i++)
                targets.SetDouble(i, 1e38);
        }
        else
        {
            targets.SetDouble(13, kind switch { "loss" => -1, "gradient" => 0, _ => 2 });
        }

        Memory? before = null;
        var callback = new LambdaCallback { BatchEnd = run => before = run.Step == 1 ? Memory.Of(run.Model) : before };
        FitOptions options = TestModels.Quiet with
        {
            BatchSize = 8,
            AccumulationSteps = 4,
            Shuffle = false,
            Callbacks = [callback],
            LossScaling = scales ? new LossScaling { InitialScale = 1 } : null,
        };
        Dataset data = Numbers(16, targets);
        if (scales)
            Assert.Single(model.Fit(data, options).Epochs);
        else if (kind == "target")
            Assert.Throws<LabelException>(() => model.Fit(data, options));
        else if (kind == "loss")
            Assert.Throws<NonFiniteLossException>(() => model.Fit(data, options));
        else
            Assert.NotNull(Assert.Throws<NonFiniteGradientException>(() => model.Fit(data, options)).Parameter);
        before!.AssertSame(model);
        Assert.Equal(1, model.Setup!.OptimizerState.Step);
    }

    [Fact]
    public void AStateThatIsNeverReadKeepsItsValueToo()
    {
        var note = new Noting();
        var model = new Sequential(note, new Dense(1, kernelInitializer: new Constant(1)));
        model.Compile(new Sgd(1e-3), Loss.MeanSquaredError());
        model.Fit(TensorData.From<float>([2], [1, 1]), TensorData.From<float>([2], [1, 1]), TestModels.Quiet with { BatchSize = 1 });
        Assert.Throws<NonFiniteLossException>(() => model.Fit(TensorData.From<float>([1e30f], [1, 1]), TensorData.From<float>([2], [1, 1]), TestModels.Quiet with { BatchSize = 1 }));
        Assert.Equal(2, note.Last.Value.Item<float>());
    }

    [Fact]
    public void AnEpochOfSkippedStepsHasTheValuesOfItsLosses()
    {
        ArrayDataset data = TestModels.Points(30);
        Sequential model = TestModels.Classifier();
        EvaluationResult expected = model.Evaluate(data);
        History history = model.Fit(data, TestModels.Quiet with
        {
            BatchSize = 6,
            Precision = ComputePrecision.Float16,
            LossScaling = KeptScale,
        });
        Assert.Equal(5, model.Setup!.LossScaler!.Skipped);
        Assert.Equal(expected.Loss, history["loss"][0], 1e-2);
        Assert.Equal(expected["accuracy"], history["accuracy"][0], 0.05);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AnEpochInWhichNothingCountedHasNoValues(int parts)
    {
        // The square of such an error is beyond float32.
        var model = new Sequential(new Dense(1, kernelInitializer: new Constant(1)));
        model.Compile(new Sgd(1e-3), Loss.MeanSquaredError(), Metric.BinaryAccuracy());
        History history = model.Fit(
            TensorData.From<float>([1e30f, 2e30f], [2, 1]), TensorData.From<float>([1, 1], [2, 1]),
            TestModels.Quiet with { BatchSize = 2, AccumulationSteps = parts, LossScaling = new LossScaling(), Verbosity = Verbosity.Lines });
        Assert.Empty(history.Epochs[0].Values);
        Assert.Equal(["loss", "binary_accuracy"], history.Names);
        Assert.Contains("loss is undefined", Assert.Throws<UndefinedMetricException>(() => history["loss"]).Message);
        Assert.Contains("binary_accuracy is undefined", Assert.Throws<UndefinedMetricException>(() => history["binary_accuracy"]).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void TooManySkippedStepsNameTheParameterOfAFiniteLoss(int parts)
    {
        Sequential model = TestModels.Classifier();
        var mistake = Assert.Throws<NonFiniteGradientException>(() => model.Fit(TestModels.Points(30), TestModels.Quiet with
        {
            Epochs = 9,
            BatchSize = 6,
            AccumulationSteps = parts,
            Precision = ComputePrecision.Float16,
            LossScaling = KeptScale,
        }));
        Assert.Equal((2, 1, "dense/kernel"), (mistake.Epoch, mistake.Step, mistake.Parameter));
        Assert.True(double.IsFinite(mistake.Loss));
        Assert.Contains("6 steps in a row", mistake.Message);
        Assert.Equal(1e30, model.Setup!.LossScaler!.Scale);
    }

    [Fact]
    public void AFactorOfOneKeepsTheScaleAndMoreIsAMistake()
    {
        FitOptions options = TestModels.Quiet with { BatchSize = 6, LossScaling = new LossScaling { BackoffFactor = 1 } };
        Assert.Single(TestModels.Classifier().Fit(TestModels.Points(30), options).Epochs);
        foreach (double factor in (double[])[0, -1, 1.5, double.NaN])
        {
            Assert.Contains("BackoffFactor", Assert.Throws<OptionException>(
                () => TestModels.Classifier().Fit(TestModels.Points(30), options with { LossScaling = new LossScaling { BackoffFactor = factor } })).Message);
        }
    }

    [Fact]
    public void TheOptionsOfTheScaleAreSaved()
    {
        using var folder = new TestFolder();
        using var old = new TestFolder();
        var scaling = new LossScaling { InitialScale = 256, GrowthFactor = 4, BackoffFactor = 0.25, GrowthInterval = 3, MaximumSkipped = 7 };
        Sequential model = TestModels.Classifier();
        model.Fit(TestModels.Points(30), TestModels.Quiet with { BatchSize = 6, Precision = ComputePrecision.Float16, LossScaling = scaling });
        model.Save(folder.Path);
        Model loaded = Model.Load(folder.Path);
        Assert.Equal(scaling, loaded.Setup!.LossScaler!.Options);
        Assert.Equal(model.Setup!.LossScaler!.Scale, loaded.Setup.LossScaler.Scale);

        // Models that were saved without them load with the defaults; options that nothing accepts are a mistake of the file.
        Rewrite(folder.Path, old.Path, training => Assert.True(training.Remove("lossScaling")));
        Assert.Equal(new LossScaling(), Model.Load(old.Path).Setup!.LossScaler!.Options);
        Rewrite(folder.Path, old.Path, training => training["lossScaling"]!["backoffFactor"] = 2);
        Assert.Contains("BackoffFactor", Assert.Throws<ModelFileException>(() => Model.Load(old.Path)).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ABatchLargerThanTheDataIsAMistakeInPartsToo(int parts)
    {
        var mistake = Assert.Throws<DatasetException>(
            () => TestModels.Classifier().Fit(TestModels.Points(10), TestModels.Quiet with { BatchSize = 16, AccumulationSteps = parts }));
        Assert.Equal("A batch of 16 examples was asked for, but the data set has 10.", mistake.Message);
    }

    private static void Rewrite(string from, string to, Action<JsonObject> change)
    {
        using ModelFolder files = ModelFolder.Open(from);
        ModelFolder.Save(to, [.. files.Names.Select(name =>
        {
            using var buffer = new MemoryStream();
            files[name].Position = 0;
            files[name].CopyTo(buffer);
            byte[] bytes = buffer.ToArray();
            if (name == ModelStore.Config)
            {
                JsonNode root = JsonNode.Parse(bytes)!;
                change((JsonObject)root["training"]!);
                bytes = Encoding.UTF8.GetBytes(root.ToJsonString());
            }

            return new ModelFile(name, stream => stream.Write(bytes));
        })]);
    }

    private static Sequential Averaging(Loss loss)
    {
        var model = new Sequential(new BatchNormalization(), new Dropout(0.3), new Dense(1, kernelInitializer: new Constant(0.5), biasInitializer: new Constant(1))) { Seed = 3 };
        model.Compile(new Adam(0.01), loss);
        return model;
    }

    private static TensorData Targets(int count) => TensorData.From([.. Enumerable.Repeat(1f, count)], [count, 1]);

    private static ArrayDataset Numbers(int count, TensorData? targets = null)
    {
        var x = new TensorData(DType.Float32, [count, 3]);
        for (int i = 0; i < 3 * count; i++)
            x.SetDouble(i, Math.Sin(i + 1));
        return Dataset.From(x, targets ?? Targets(count));
    }

    /// <summary>All that a step may change, to the last bit.</summary>
    private sealed record Memory(Dictionary<string, byte[]> Variables, byte[][] Slots, byte[] Random)
    {
        internal static Memory Of(Model model) => new(
            TestModels.Bits(model),
            [.. model.Setup!.OptimizerState.All.Select(s => s.Value.AsBytes().ToArray())],
            model.Setup!.RandomState.Value.AsBytes().ToArray());

        internal void AssertSame(Model model)
        {
            Memory now = Of(model);
            Assert.Equal(Variables, now.Variables);
            Assert.Equal(Slots, now.Slots);
            Assert.Equal(Random, now.Random);
        }
    }

    /// <summary>The root of the target times 1 + |output|: for a target of 0 the loss is 0 and its derivative is not a number; below 0 neither is one.</summary>
    private sealed class RootLoss : Loss
    {
        public override string Name => "root";

        protected internal override Tensor Values(Tensor output, Tensor target) => MeanOfPositions(Tensor.Sqrt(target * (1 + Tensor.Abs(output))), output);
    }

    /// <summary>A loss of 0 whose derivative is the target, so that the sum over parts overflows where no part does.</summary>
    private sealed class SteepLoss : Loss
    {
        public override string Name => "steep";

        protected internal override Tensor Values(Tensor output, Tensor target) => MeanOfPositions((output - output.StopGradient()) * target, output);
    }

    /// <summary>Writes down the first number of its input.</summary>
    private sealed class Noting : Layer
    {
        internal State Last { get; } = new(TensorData.Scalar(0f), "last");

        protected override Tensor Call(Tensor input)
        {
            Last.Assign(input.Mean());
            return input;
        }
    }
}
