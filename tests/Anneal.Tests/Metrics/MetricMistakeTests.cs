namespace Anneal.Tests.Metrics;

/// <summary>What metrics say about data that they cannot judge, and how training goes on.</summary>
public sealed class MetricMistakeTests
{
    static MetricMistakeTests()
    {
        MetricRegistry.Register(nameof(Largest), _ => new Largest());
        MetricRegistry.Register("own_error", c => new OwnError(c.GetDouble("scale")));
    }

    [Fact]
    public void OneClassOnlyIsUndefinedWhenItIsRead()
    {
        var auc = new RocAuc();
        auc.Update([0.1f, 0.4f], [1, 1]);
        Assert.Contains("all 2 examples are of class 1", Assert.Throws<UndefinedMetricException>(() => auc.Result).Message);
        auc.Update([0.3f], [0]);
        Assert.Equal(0.5, auc.Result);
        Assert.Contains("none of the 2 examples", Assert.Throws<UndefinedMetricException>(() => new AveragePrecision().Of([0.1f, 0.4f], [0, 0])).Message);
        Assert.Equal(1, new AveragePrecision().Of([0.1f, 0.4f], [1, 1]));
        Assert.Throws<UndefinedMetricException>(() => RocCurve.Of([0.1f], [0]));
        Assert.Throws<UndefinedMetricException>(() => PrecisionRecallCurve.Of([0.1f], [0]));
        Assert.Contains("class 2", Assert.Throws<UndefinedMetricException>(() => new RocAuc().Of(new[,] { { 0.2f, 0.3f, 0.5f }, { 1, 0, 0 } }, [0, 1])).Message);
        Assert.Throws<UndefinedMetricException>(() => new CohenKappa().Of([1, 1], [1, 1]));
        Assert.Throws<UndefinedMetricException>(() => new R2Score().Of([1f], [1f]));
    }

    [Fact]
    public void NoExamplesAreUndefined()
    {
        Assert.Contains("no example", Assert.Throws<UndefinedMetricException>(() => new F1Score().Result).Message);
        Assert.Throws<UndefinedMetricException>(() => new MeanSquaredError().Of(Array.Empty<float>(), Array.Empty<float>()));
        Assert.Throws<UndefinedMetricException>(() => RocCurve.Of(Array.Empty<float>(), Array.Empty<int>()));
    }

    [Fact]
    public void ADivisorOfZeroGivesZero()
    {
        Assert.Equal(0, new Precision().Of([0.1f, 0.2f], [1, 0]));
        Assert.Equal(0, new Recall().Of([0.9f, 0.2f], [0, 0]));
        Assert.Equal(0, new F1Score().Of([0.1f, 0.2f], [0, 0]));
        Assert.Equal(0, new MatthewsCorrelation().Of([0.1f, 0.2f], [0, 1]));
        Assert.Equal(0, new CosineSimilarity().Of(new[,] { { 0f, 0f } }, new[,] { { 1f, 2f } }));
    }

    [Fact]
    public void LabelsThatAreNoneAreNamed()
    {
        Assert.Contains("row 1", Assert.Throws<LabelException>(() => new RocAuc().Of([0.1f, 0.4f], [1, -1])).Message);
        Assert.Contains("row 1", Assert.Throws<LabelException>(() => new Accuracy().Of(new[,] { { 0.1f, 0.9f }, { 1, 0 } }, [1, 2])).Message);
        Assert.Throws<LabelException>(() => new F1Score(Averaging.Macro).Of([0, 1, 2], [0, 1, -2]));
        Assert.Throws<LabelException>(() => new LogLoss().Of(new[,] { { 0.1f, 0.9f } }, [-1]));
        Assert.Throws<LabelException>(() => new LogLoss().Of([0.5f], [1.5f]));
        Assert.Throws<LabelException>(() => new MeanAbsoluteError().Of([0.5f], [float.NaN]));
        Assert.Throws<LabelException>(() => RocCurve.Of([0.5f, 0.1f], [1, 2]));
    }

    [Fact]
    public void OutputsThatAreNoNumbersAreNamed()
    {
        Assert.Contains("row 1", Assert.Throws<InputException>(() => new RocAuc().Of([0.1f, float.NaN], [1, 0])).Message);
        Assert.Throws<InputException>(() => new Accuracy().Of(new[,] { { 0.1f, float.NaN } }, [1]));
        Assert.Throws<InputException>(() => new MeanSquaredError().Of([float.PositiveInfinity], [1f]));
        Assert.Throws<InputException>(() => RocCurve.Of([float.NaN], [1]));

        // A class may be ruled out by a logit of minus infinity.
        Assert.Equal(1, new Accuracy().Of(new[,] { { float.NegativeInfinity, 3 } }, [1]));
    }

    [Fact]
    public void ShapesMustFit()
    {
        Assert.Throws<ShapeException>(() => new RocAuc().Of([0.1f, 0.4f], [1]));
        Assert.Throws<ShapeException>(() => new MeanSquaredError().Of(new[,] { { 0.1f, 0.4f } }, [1f]));
        Assert.Throws<ShapeException>(() => new TopKAccuracy().Of([0.1f], [1]));
        Assert.Throws<ShapeException>(() => new Accuracy().Of(TensorData.Scalar(1f), TensorData.Scalar(1)));
        Assert.Throws<DTypeException>(() => new RocAuc().Of([1, 0], [1, 0]));
        var auc = new RocAuc();
        auc.Update([0.1f], [1]);
        Assert.Throws<ShapeException>(() => auc.Update(new[,] { { 0.1f, 0.4f, 0.5f } }, [1]));
        Assert.Throws<ShapeException>(() => PrecisionRecallCurve.Of([0.1f], [1, 0]));
    }

    [Fact]
    public void MapsOfPredictedClassesCountWithAllTheirElements()
    {
        int[,] outputs = { { 0, 1, 2 }, { 1, 2, 1 } }, targets = { { 0, 2, 2 }, { 1, 1, 0 } };
        int[] flatOutputs = [0, 1, 2, 1, 2, 1], flatTargets = [0, 2, 2, 1, 1, 0];
        Assert.Equal(new MeanIntersectionOverUnion().Of(flatOutputs, flatTargets), new MeanIntersectionOverUnion().Of(outputs, targets));
        Assert.Equal(0.5, new Accuracy().Of(outputs, targets));
        Assert.Equal(0.5, new Accuracy().Of(TensorData.From(flatOutputs, [1, 2, 3]), TensorData.From(flatTargets, [1, 2, 3])));
        Assert.Contains("row 1", Assert.Throws<LabelException>(() => new Accuracy().Of(outputs, new[,] { { 0, 2, 2 }, { 1, 1, -1 } })).Message);
        Assert.Throws<ShapeException>(() => new Accuracy().Of(outputs, [0, 1]));
        Assert.Equal(1, new Accuracy().Of(new[,] { { 0 }, { 1 } }, [0, 1]));
    }

    [Fact]
    public void RowsOfTargetsAreOneHotWhereNoLossSaysOtherwise()
    {
        float[,] outputs = { { 0.1f, 0.8f, 0.1f }, { 0.7f, 0.2f, 0.1f } };
        Assert.Equal(1, new F1Score(Averaging.Micro).Of(outputs, new[,] { { 0, 1, 0 }, { 1, 0, 0 } }));
        Assert.Equal(1, new Accuracy().Of(outputs, new[,] { { 0f, 1, 0 }, { 1, 0, 0 } }));
        foreach (float[,] targets in (float[][,])[new[,] { { 0f, 1, 0 }, { 1, 1, 0 } }, new[,] { { 0f, 1, 0 }, { 0, 0, 0 } }, new[,] { { 0f, 1, 0 }, { 0.5f, 0.5f, 0 } }])
        {
            Assert.Contains("row 1", Assert.Throws<LabelException>(() => new F1Score(Averaging.Macro).Of(outputs, targets)).Message);
            Assert.Throws<LabelException>(() => new RocAuc().Of(outputs, targets));
            Assert.Throws<LabelException>(() => new TopKAccuracy(2).Of(outputs, targets));
        }
    }

    [Fact]
    public void AConfusionMatrixNeedsNumbers()
    {
        Assert.Contains("row 1", Assert.Throws<InputException>(() => ConfusionMatrix.Of([0, 1], TensorData.From(new[,] { { 1f, 0 }, { float.NaN, 1 } }))).Message);
        Assert.Contains("row 1", Assert.Throws<InputException>(() => ConfusionMatrix.Of([0, 1], TensorData.From(new[,] { { 1f, 0 }, { 1, float.NaN } }))).Message);
        Assert.Contains("row 1", Assert.Throws<InputException>(() => ConfusionMatrix.OfBinary([0, 1], TensorData.From<float>([0.2f, float.NaN], [2]))).Message);
        Assert.Equal(1, ConfusionMatrix.OfBinary([0, 1], TensorData.From<float>([float.NegativeInfinity, 1], [2])).Accuracy);
    }

    [Fact]
    public void AMetricThatIsResetForgetsTheNumberOfClasses()
    {
        var score = new F1Score();
        score.Update([0, 1, 2], [0, 1, 2]);
        Assert.Equal(3, score.Matrix.Classes);
        Assert.Throws<OptionException>(() => score.Result);
        score.Reset();
        Assert.Equal(2, score.Matrix.Classes);
        score.Update([0.2f, 0.9f], [0, 1]);
        Assert.Equal(1, score.Result);
        Assert.Equal((2, 2), (score.Matrix.Classes, score.Matrix.Total));
        score.Update([0, 2], [0, 1]);
        Assert.Equal(3, score.Matrix.Classes);
        Assert.Equal(1, score.Matrix[1, 2]);
    }

    [Fact]
    public void OptionsMustFit()
    {
        Assert.Throws<OptionException>(() => new RocAuc(Averaging.Micro));
        Assert.Throws<OptionException>(() => new TopKAccuracy(0));
        Assert.Throws<OptionException>(() => new FBetaScore(-1));
        Assert.Throws<OptionException>(() => new LogLoss(0.5));
        Assert.Throws<OptionException>(() => new Accuracy(double.NaN));
        Assert.Throws<OptionException>(() => new RocAuc { Name = " " });
        Assert.Contains("Macro", Assert.Throws<OptionException>(() => new F1Score().Of(new[,] { { 0.1f, 0.4f, 0.5f } }, [1])).Message);
    }

    [Fact]
    public void AMetricThatCannotJudgeSaysSoBeforeTheFirstStep()
    {
        Sequential Make(Metric metric)
        {
            var model = new Sequential(new Dense(3));
            model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true), metric);
            return model;
        }

        Assert.Throws<OptionException>(() => Make(new F1Score()).Fit(TestModels.Points(60), TestModels.Quiet));
        Assert.Contains("labels", Assert.Throws<ModelException>(() => Make(new R2Score()).Fit(TestModels.Points(60), TestModels.Quiet)).Message);
    }

    [Fact]
    public void TrainingGoesOnWhereAMetricIsUndefined()
    {
        var model = new Sequential(new Dense(1));
        model.Compile(new Sgd(), Loss.BinaryCrossentropy(fromLogits: true), new RocAuc(), new Accuracy());
        TensorData x = TensorData.From<float>([1, 2, 3, 4], [4, 1]);
        FitOptions options = TestModels.Quiet with
        {
            Epochs = 2,
            BatchSize = 2,
            ValidationData = Dataset.From(TensorData.From<float>([1, 2], [2, 1]), TensorData.From([1, 1])),
        };
        History history = model.Fit(x, TensorData.From([0, 1, 1, 0]), options);
        Assert.Equal(2, history["auc"].Count);
        Assert.Equal(2, history["val_accuracy"].Count);
        Assert.DoesNotContain("val_auc", history.Epochs[0].Values.Keys);
        Assert.Contains("val_auc", history.Names);
        Assert.Contains("class 1", Assert.Throws<UndefinedMetricException>(() => history["val_auc"]).Message);

        // What stops by such a value cannot go on.
        Assert.Throws<UndefinedMetricException>(() => model.Fit(x, TensorData.From([0, 1, 1, 0]), options with { Callbacks = [new EarlyStopping("val_auc")] }));
    }

    [Fact]
    public void CallbacksAskTheMetricWhichValueIsBetter()
    {
        foreach ((Metric metric, bool larger) in ((Metric, bool)[])[(new RocAuc { Name = "score" }, true), (new BrierScore { Name = "score" }, false)])
        {
            var stopping = new EarlyStopping("val_score", patience: 50);
            var model = new Sequential(new Dense(1));
            model.Compile(new Adam(0.3), Loss.BinaryCrossentropy(fromLogits: true), metric);
            ArrayDataset data = Dataset.From(TensorData.From<float>([-2, -1, 1, 2, 0.5f, -0.5f], [6, 1]), TensorData.From([0, 0, 1, 1, 0, 1]));
            History history = model.Fit(data, TestModels.Quiet with { Epochs = 8, BatchSize = 2, ValidationData = data, Callbacks = [stopping] });
            Assert.Equal(larger ? history["val_score"].Max() : history["val_score"].Min(), stopping.Best);
        }
    }

    [Fact]
    public void StepsWithMetricsOnTheHostAllocateNothing()
    {
        var model = new Sequential(new Dense(3));
        model.Compile(
            new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true), new Accuracy(), new F1Score(Averaging.Macro), new RocAuc(), new LogLoss(), new BrierScore(), new TopKAccuracy(2));
        long[] marks = new long[400];
        int step = 0;
        var callback = new LambdaCallback { BatchEnd = _ => marks[step++] = GC.GetAllocatedBytesForCurrentThread() };
        model.Fit(TestModels.Points(200), TestModels.Quiet with { Epochs = 2, BatchSize = 1, Callbacks = [callback] });

        // The second epoch: the first compiles what it meets and makes room for the scores.
        for (int i = 202; i < 400; i++)
            Assert.True(marks[i] == marks[i - 1], $"Step {i} allocated {marks[i] - marks[i - 1]} bytes.");
    }

    [Fact]
    public void MetricsOfOnesOwnAreLoadedAgain()
    {
        var model = new Sequential(new Dense(1));
        model.Compile(new Sgd(), Loss.MeanSquaredError(), new Largest { Name = "peak" }, new OwnError(2));
        TensorData x = TensorData.From<float>([1, -5, 3], [3, 1]), y = TensorData.From<float>([0, 0, 0], [3, 1]);
        EvaluationResult result = model.Evaluate(x, y, batchSize: 2);
        float[] outputs = model.Predict(x).ToArray<float>();
        Assert.Equal(outputs.Max(), result["peak"], 6);
        Assert.Equal(2 * outputs.Average(o => Math.Abs(o)), result["own_error"], 5);
        using var folder = new TestFolder();
        model.Save(folder.Path);
        Assert.Equal(result.Values, Model.Load(folder.Path).Evaluate(x, y, batchSize: 2).Values);
        Assert.Throws<OptionException>(() => MetricRegistry.Register(nameof(RocAuc), _ => new Largest()));
    }

    [Fact]
    public void EvaluatingWithinAnEpochDoesNotDisturbIt()
    {
        double[] values = new double[2];
        for (int i = 0; i < 2; i++)
        {
            var model = new Sequential(new Dense(3));
            model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true), new Accuracy(), new RocAuc());
            var callback = new LambdaCallback { BatchEnd = _ => { if (i == 1) model.Evaluate(TestModels.Points(12)); } };
            values[i] = model.Fit(TestModels.Points(60), TestModels.Quiet with { BatchSize = 10, Callbacks = [callback] })["auc"][0];
        }

        Assert.Equal(values[0], values[1]);
    }

    private sealed class Largest() : StreamingMetric("largest")
    {
        private double _largest = double.NegativeInfinity;

        protected override void Add(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets)
        {
            foreach (double output in outputs)
                _largest = Math.Max(_largest, output);
        }

        protected override double Compute() => _largest;

        protected override void Clear() => _largest = double.NegativeInfinity;

        protected override StreamingMetric CreateEmpty() => new Largest();
    }

    private sealed class OwnError(double scale) : SumMetric("own_error")
    {
        public override string TypeName => "own_error";

        public override bool LargerIsBetter => false;

        protected internal override MetricSum Measure(Tensor output, Tensor target, Loss loss, Tensor? counts) =>
            MetricSum.Of(Tensor.Abs(output - target) * scale, counts);

        protected internal override void WriteConfig(LayerConfig config) => config.Set("scale", scale);
    }
}
