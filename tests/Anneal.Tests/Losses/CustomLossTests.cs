using System.Globalization;

namespace Anneal.Tests.Losses;

/// <summary>Losses that users derive, and what bad options and targets say.</summary>
public sealed class CustomLossTests
{
    static CustomLossTests()
    {
        LossRegistry.Register("quantile", c => new Quantile(c.GetDouble("share")));
        LossRegistry.Register("label_distance", _ => new LabelDistance());
    }

    [Fact]
    public void ALossOfOnesOwnTrainsAndIsLoadedAgain()
    {
        var model = new Sequential(new Dense(1)) { Seed = 3 };
        model.Compile(new Adam(0.1), new Quantile(0.9), new MeanAbsoluteError { Name = "mae" });
        TensorData x = TensorData.From([.. Enumerable.Range(0, 20).Select(i => i / 10f)], [20, 1]), y = TensorData.From([.. Enumerable.Range(0, 20).Select(i => i / 5f)], [20, 1]);
        History history = model.Fit(x, y, TestModels.Quiet with { Epochs = 30, BatchSize = 5 });
        Assert.True(history["loss"][^1] < history["loss"][0] / 2);
        using var folder = new TestFolder();
        model.Save(folder.Path);
        Model again = Model.Load(folder.Path);
        Assert.Equal(model.Evaluate(x, y).Values, again.Evaluate(x, y).Values);
        Assert.Equal(0.9, Assert.IsType<Quantile>(again.Setup!.Losses[0]).Share);
    }

    [Fact]
    public void ALossOfLabelsOnlySaysSo()
    {
        var model = new Sequential(new ActivationLayer(Activation.Softmax));
        model.Compile(new Sgd(), new LabelDistance(), Metric.Accuracy, new BalancedAccuracy());
        TensorData x = TensorData.From<float>([9, 0, 0, 0, 0, 9, 0, 9, 0], [3, 3]);
        EvaluationResult result = model.Evaluate(x, TensorData.From([0, 1, -100]));
        Assert.Equal(0.5, result.Loss, 3);
        Assert.Equal(0.5, result["accuracy"]);
        Assert.Equal(0.5, result["balanced_accuracy"]);
        Assert.Contains("example 1", Assert.Throws<LabelException>(() => model.Evaluate(x, TensorData.From([0, 3, 1]))).Message);
        Assert.Throws<DTypeException>(() => model.Evaluate(x, TensorData.From<float>([0, 1, 1])));
    }

    [Fact]
    public void AnUnknownLossNamesTheRegistry()
    {
        var model = new Sequential(new Dense(1));
        model.Compile(new Sgd(), new Unregistered());
        model.Build(1);
        using var folder = new TestFolder();
        model.Save(folder.Path);
        Assert.Contains("LossRegistry.Register", Assert.Throws<ModelFileException>(() => Model.Load(folder.Path)).Message);
        Assert.Throws<OptionException>(() => LossRegistry.Register("huber", _ => new Unregistered()));
    }

    [Fact]
    public void AModelSavedBeforeThereWasSmoothingLoads()
    {
        var config = new LayerConfig("loss");
        config.Set("type", "sparse_categorical_crossentropy");
        config.Set("fromLogits", true);
        config.Set("ignoreIndex", -5L);
        Loss loss = LossRegistry.Read(config);
        config.RequireAllRead();
        Assert.Equal(-5, loss.IgnoreIndex);
        Assert.True(loss.FromLogits);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void OptionsOutOfRangeAreNamed(double value)
    {
        Assert.Contains("labelSmoothing", Assert.Throws<OptionException>(() => Loss.BinaryCrossentropy(labelSmoothing: value)).Message);
        Assert.Contains("labelSmoothing", Assert.Throws<OptionException>(() => Loss.CategoricalCrossentropy(labelSmoothing: value)).Message);
        Assert.Contains("labelSmoothing", Assert.Throws<OptionException>(() => Loss.SparseCategoricalCrossentropy(labelSmoothing: value)).Message);
        Assert.Contains("alpha", Assert.Throws<OptionException>(() => Loss.BinaryFocalCrossentropy(alpha: value)).Message);
        Assert.Contains("alpha", Assert.Throws<OptionException>(() => Loss.CategoricalFocalCrossentropy(alpha: value)).Message);
        double wrong = value > 1 ? double.PositiveInfinity : value;
        Assert.Contains("gamma", Assert.Throws<OptionException>(() => Loss.SparseCategoricalFocalCrossentropy(gamma: wrong)).Message);
        Assert.Contains("delta", Assert.Throws<OptionException>(() => Loss.Huber(wrong)).Message);
        Assert.Contains("beta", Assert.Throws<OptionException>(() => Loss.SmoothL1(wrong)).Message);
        Assert.Contains("margin", Assert.Throws<OptionException>(() => Loss.TripletMargin(wrong)).Message);
        Assert.Contains("margin", Assert.Throws<OptionException>(() => Loss.Contrastive(wrong)).Message);
        Assert.Throws<OptionException>(() => Loss.Huber(0));
    }

    [Fact]
    public void TargetsOutOfRangeAreNamed()
    {
        (Loss Loss, float Wrong)[] losses =
        [
            (Loss.Hinge(), 0.5f), (Loss.SquaredHinge(), 2), (Loss.Poisson(), -1), (Loss.MeanSquaredLogarithmicError(), -1),
            (Loss.BinaryFocalCrossentropy(), 1.5f), (Loss.Huber(), float.NaN),
        ];
        foreach ((Loss loss, float wrong) in losses)
        {
            var model = new Sequential(new ActivationLayer(Activation.Sigmoid));
            model.Compile(new Sgd(), loss);
            var mistake = Assert.Throws<LabelException>(() => model.Evaluate(TensorData.From<float>([1, 1], [2, 1]), TensorData.From([1, wrong], [2, 1])));
            Assert.Contains("example 1", mistake.Message);
            Assert.Contains(loss.Name, mistake.Message);
        }
    }

    [Fact]
    public void ZeroIsTheOtherSideOfAHinge()
    {
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), Loss.Hinge());
        TensorData x = TensorData.From<float>([0.5f, 0.5f], [2, 1]);
        Assert.Equal((0.5 + 1.5) / 2, model.Evaluate(x, TensorData.From([1, 0], [2, 1])).Loss, 6);
        Assert.Equal(model.Evaluate(x, TensorData.From([1, -1], [2, 1])).Loss, model.Evaluate(x, TensorData.From([1, 0], [2, 1])).Loss);
    }

    [Fact]
    public void StackedOutputsHaveTheirShape()
    {
        foreach (Loss loss in (Loss[])[Loss.TripletMargin(), Loss.Contrastive()])
        {
            var model = new Sequential(new ActivationLayer(Activation.Linear));
            model.Compile(new Sgd(), loss);
            Assert.Contains("features", Assert.Throws<ShapeException>(() => model.Evaluate(new TensorData(DType.Float32, [2, 5, 2]), TensorData.From<float>([1, 1]))).Message);
            long parts = loss.Name == "contrastive" ? 2 : 3;
            Assert.Throws<ShapeException>(() => model.Evaluate(new TensorData(DType.Float32, [2, parts, 2]), new TensorData(DType.Float32, [2, 2])));
        }
    }

    [Fact]
    public void ClassWeightsFollowWhatTargetsMean()
    {
        var weights = new Dictionary<int, double> { [1] = 3 };
        Assert.Equal((1 * 1 + 3 * 9) / 4.0, FirstLoss(new SquareOfTruth(), TensorData.From<float>([0, 1], [2, 1]), weights), 5);
        Assert.Throws<OptionException>(() => FirstLoss(Loss.MeanSquaredError(), TensorData.From<float>([0, 1], [2, 1]), weights));
    }

    private static double FirstLoss(Loss loss, TensorData targets, Dictionary<int, double> weights)
    {
        var model = new Sequential(new Dense(1, useBias: false, kernelInitializer: new Constant(1)));
        model.Compile(new Sgd(0), loss);
        return model.Fit(TensorData.From<float>([1, 4], [2, 1]), targets, TestModels.Quiet with { BatchSize = 2, ClassWeights = weights })["loss"][0];
    }

    private sealed class Quantile(double share) : Loss
    {
        internal double Share => share;

        public override string Name => "quantile";

        protected internal override Tensor Values(Tensor output, Tensor target)
        {
            Tensor missing = target - output;
            return MeanOfPositions(Tensor.Maximum(missing * share, missing * (share - 1)), output);
        }

        protected internal override void WriteConfig(LayerConfig config) => config.Set("share", share);
    }

    /// <summary>How far the expected class is from the label.</summary>
    private sealed class LabelDistance : Loss
    {
        public override string Name => "label_distance";

        protected internal override TargetKind Targets => TargetKind.Labels;

        protected internal override Tensor Values(Tensor output, Tensor target)
        {
            Tensor expected = (output * Tensor.Range(output.Shape[^1], DType.Float32)).Sum([-1]);
            return Tensor.Abs(expected - target.Cast(DType.Float32));
        }
    }

    private sealed class SquareOfTruth : Loss
    {
        public override string Name => "square_of_truth";

        protected internal override TargetKind Targets => TargetKind.TruthValues;

        protected internal override Tensor Values(Tensor output, Tensor target) => MeanOfPositions(Tensor.Square(output - target), output);
    }

    private sealed class Unregistered : Loss
    {
        public override string Name => "unregistered" + 1.ToString(CultureInfo.InvariantCulture);

        protected internal override Tensor Values(Tensor output, Tensor target) => MeanOfPositions(output - target, output);
    }
}
