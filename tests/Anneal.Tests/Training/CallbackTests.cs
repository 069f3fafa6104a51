namespace Anneal.Tests;

public class CallbackTests
{
    [Fact]
    public void CallbacksSeeEveryStepInOrder()
    {
        var seen = new List<string>();
        var callback = new LambdaCallback
        {
            TrainBegin = _ => seen.Add("begin"),
            EpochBegin = run => seen.Add($"epoch {run.Epoch}"),
            BatchEnd = run => seen.Add($"{run.Step}/{run.Steps}"),
            EpochEnd = (_, result) => seen.Add($"end {result.Epoch}"),
            TrainEnd = _ => seen.Add("done"),
        };
        TestModels.Classifier().Fit(TestModels.Points(25), TestModels.Quiet with { BatchSize = 10, Epochs = 2, Callbacks = [callback] });
        Assert.Equal(["begin", "epoch 1", "1/3", "2/3", "3/3", "end 1", "epoch 2", "1/3", "2/3", "3/3", "end 2", "done"], seen);
    }

    [Fact]
    public void EarlyStoppingGivesTheBestWeightsBack()
    {
        // A step size at which the loss grows from the first epoch on.
        Sequential model = TestModels.Linear(new Sgd(1.5), weight: 0.9f);
        ArrayDataset data = Dataset.From(TensorData.From<float>([1], [1, 1]), TensorData.From<float>([1], [1, 1]));
        float? afterFirst = null;
        var note = new LambdaCallback { EpochEnd = (run, _) => afterFirst ??= run.Model.Parameters[0].Value.ToArray<float>()[0] };
        var stop = new EarlyStopping("loss", patience: 2, restoreBestWeights: true);
        History history = model.Fit(data, TestModels.Quiet with { BatchSize = 1, Epochs = 50, Callbacks = [note, stop] });
        Assert.Equal(3, history.Epochs.Count);
        Assert.Equal(1, stop.BestEpoch);
        Assert.Equal(afterFirst, model.Parameters[0].Value.ToArray<float>()[0]);
    }

    [Fact]
    public void AValueThatDoesNotExistIsNamed()
    {
        FitOptions options = TestModels.Quiet with { BatchSize = 10, Callbacks = [new EarlyStopping()] };
        var exception = Assert.Throws<OptionException>(() => TestModels.Classifier().Fit(TestModels.Points(20), options));
        Assert.Contains("val_loss", exception.Message);
        Assert.Contains("loss, accuracy", exception.Message);
    }

    [Fact]
    public void CheckpointsKeepTheBestEpoch()
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Linear(new Sgd(1.5), weight: 0.9f);
        ArrayDataset data = Dataset.From(TensorData.From<float>([1], [1, 1]), TensorData.From<float>([1], [1, 1]));
        var checkpoint = new ModelCheckpoint(folder.Path, "loss", saveBestOnly: true);
        model.Fit(data, TestModels.Quiet with { BatchSize = 1, Epochs = 4, Callbacks = [checkpoint] });
        Assert.Equal(1, Model.Load(folder.Path).EpochsTrained);
        Assert.Equal(1, checkpoint.BestEpoch);
    }

    [Fact]
    public void CheckpointsAskTheMetricWhichValueIsBetter()
    {
        using var folder = new TestFolder();
        var model = new Sequential(new Dense(1, kernelInitializer: new Constant(-1)));
        model.Compile(new Adam(0.2), Loss.BinaryCrossentropy(fromLogits: true), new RocAuc());
        ArrayDataset data = Dataset.From(TensorData.From<float>([-2, -1, 1, 2, 0.5f, -0.5f], [6, 1]), TensorData.From([0, 0, 1, 1, 0, 1]));
        var checkpoint = new ModelCheckpoint(folder.Path, "val_auc", saveBestOnly: true);
        History history = model.Fit(data, TestModels.Quiet with { Epochs = 12, BatchSize = 2, ValidationData = data, Callbacks = [checkpoint] });
        Assert.True(history["val_auc"][0] < history["val_auc"].Max());
        Assert.Equal(history["val_auc"].Max(), checkpoint.Best);
        Assert.Equal(checkpoint.BestEpoch, Model.Load(folder.Path).EpochsTrained);
    }

    [Fact]
    public void ACheckpointNeedsItsValueOnlyWhereItChooses()
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Classifier();
        FitOptions options = TestModels.Quiet with { BatchSize = 10, Callbacks = [new ModelCheckpoint(folder.Path, "acuracy", saveBestOnly: true)] };
        Assert.Contains("'acuracy'", Assert.Throws<OptionException>(() => model.Fit(TestModels.Points(20), options)).Message);
        Assert.Equal(0, model.EpochsTrained);
        Assert.False(Directory.Exists(folder.Path));
        model.Fit(TestModels.Points(20), options with { Callbacks = [new ModelCheckpoint(folder.Path)] });
        Assert.Equal(1, Model.Load(folder.Path).EpochsTrained);
    }

    [Fact]
    public void LinesAreWrittenForEachEpoch()
    {
        TextWriter before = Console.Out;
        using var text = new StringWriter();
        Console.SetOut(text);
        try
        {
            TestModels.Classifier().Fit(TestModels.Points(20), TestModels.Quiet with { BatchSize = 10, Epochs = 2, Verbosity = Verbosity.Lines });
        }
        finally
        {
            Console.SetOut(before);
        }

        Assert.Matches(@"Epoch 1/2: loss \d\.\d{4}, accuracy \d\.\d{4} \(\d+\.\d s\)", text.ToString());
        Assert.Contains("Epoch 2/2", text.ToString());
    }

    [Fact]
    public void APlateauLowersTheRate()
    {
        // The loss stays: every epoch after the first is without improvement.
        var optimizer = new Sgd(1);
        Sequential model = TestModels.Linear(optimizer, loss: Loss.MeanSquaredError());
        TensorData zero = TensorData.From<float>([0], [1, 1]), one = TensorData.From<float>([1], [1, 1]);
        var rates = new List<double>();
        var record = new LambdaCallback { EpochEnd = (run, _) => rates.Add(run.Optimizer.LearningRate) };
        Run(new ReduceLearningRateOnPlateau("loss", 0.5, 2));
        Assert.Equal([1, 1, 0.5, 0.5, 0.25, 0.25, 0.125], rates);
        Run(new ReduceLearningRateOnPlateau("loss", 0.5, 2, cooldown: 2, minimumRate: 0.2));
        Assert.Equal([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25], rates);
        Run(new ReduceLearningRateOnPlateau("loss", 0.1, 1, minimumRate: 0.2));
        Assert.Equal([1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2], rates);
        Assert.Equal(0.2, optimizer.LearningRate);

        void Run(ReduceLearningRateOnPlateau callback)
        {
            rates.Clear();
            optimizer.LearningRate = 1;
            model.Fit(zero, one, TestModels.Quiet with { Epochs = 7, BatchSize = 1, Callbacks = [callback, record] });
        }
    }

    [Fact]
    public void AnImprovementBeginsThePatienceAnew()
    {
        var optimizer = new Sgd(0.25);
        Sequential model = TestModels.Linear(optimizer);
        TensorData one = TensorData.From<float>([1], [1, 1]);

        // Each epoch makes the loss a quarter: better by more than 1e-4 for seven epochs.
        model.Fit(one, one, TestModels.Quiet with { Epochs = 7, BatchSize = 1, Callbacks = [new ReduceLearningRateOnPlateau("loss", 0.5, 1)] });
        Assert.Equal(0.25, optimizer.LearningRate);
        model.Fit(one, one, TestModels.Quiet with { Epochs = 7, BatchSize = 1, Callbacks = [new ReduceLearningRateOnPlateau("loss", 0.5, 1, minimumChange: 1)] });
        Assert.Equal(0.25 / 64, optimizer.LearningRate);
    }

    [Fact]
    public void APlateauNeedsAConstantRateAndAValue()
    {
        Sequential model = TestModels.Linear(new Sgd(new CosineSchedule(0.1, 10)));
        TensorData one = TensorData.From<float>([1], [1, 1]);
        FitOptions options = TestModels.Quiet with { BatchSize = 1 };
        Assert.Contains("CosineSchedule", Assert.Throws<OptionException>(() => model.Fit(one, one, options with { Callbacks = [new ReduceLearningRateOnPlateau("loss")] })).Message);
        Assert.Contains("val_loss", Assert.Throws<OptionException>(() => model.Fit(one, one, options with { Callbacks = [new ReduceLearningRateOnPlateau()] })).Message);
        Assert.Contains("factor", Assert.Throws<OptionException>(() => new ReduceLearningRateOnPlateau(factor: 1)).Message);
        Assert.Contains("patience", Assert.Throws<OptionException>(() => new ReduceLearningRateOnPlateau(patience: 0)).Message);
        Assert.Contains("cooldown", Assert.Throws<OptionException>(() => new ReduceLearningRateOnPlateau(cooldown: -1)).Message);
        Assert.Contains("minimumRate", Assert.Throws<OptionException>(() => new ReduceLearningRateOnPlateau(minimumRate: -1)).Message);
        double rate = -1;
        model.Fit(one, one, options with { Epochs = 3, Callbacks = [new LambdaCallback { BatchEnd = run => rate = run.LearningRate }] });
        Assert.Equal(new CosineSchedule(0.1, 10).RateAt(2), rate);
    }
}
