namespace Anneal.Tests.Training;

/// <summary>Dividing a data set in folds and judging models by them.</summary>
public sealed class CrossValidationTests
{
    [Theory]
    [InlineData(10, 5)]
    [InlineData(11, 4)]
    [InlineData(7, 7)]
    public void EveryExampleJudgesOnce(int count, int k)
    {
        Dataset data = WithLabels(new int[count]);
        foreach (FoldSplitter splitter in (FoldSplitter[])[new KFold(k, 3), new KFold(k, null), new StratifiedKFold(k, 3), new GroupKFold([.. Enumerable.Range(0, count).Select(i => (long)i)], k)])
        {
            IReadOnlyList<Fold> folds = splitter.Split(data);
            Assert.Equal(k, folds.Count);
            Assert.Equal(Enumerable.Range(0, count), folds.SelectMany(f => f.Validation).Order());
            Assert.All(folds, f => Assert.Equal(Enumerable.Range(0, count), f.Training.Concat(f.Validation).Order()));
            Assert.InRange(folds.Max(f => f.Validation.Count) - folds.Min(f => f.Validation.Count), 0, 1);
        }
    }

    [Fact]
    public void TheSeedDecides()
    {
        Dataset data = WithLabels(new int[20]);
        Assert.Equal(Show(new KFold(4, 1).Split(data)), Show(new KFold(4, 1).Split(data)));
        Assert.NotEqual(Show(new KFold(4, 1).Split(data)), Show(new KFold(4, 2).Split(data)));
        Assert.Equal([0, 1, 2, 3, 4], new KFold(4, null).Split(data)[0].Validation);
        IReadOnlyList<Fold> repeated = new KFold(4, 1, repeats: 3).Split(data);
        Assert.Equal(12, repeated.Count);
        Assert.Equal(Show(new KFold(4, 1).Split(data)), Show([.. repeated.Take(4)]));
        Assert.NotEqual(Show([.. repeated.Take(4)]), Show([.. repeated.Skip(4).Take(4)]));
    }

    [Fact]
    public void ClassesKeepTheirShares()
    {
        int[] labels = [.. Enumerable.Range(0, 53).Select(i => i % 7 == 0 ? 2 : i % 3 == 0 ? 1 : 0)];
        IReadOnlyList<Fold> folds = new StratifiedKFold(4, 9, repeats: 2).Split(WithLabels(labels));
        foreach (int c in (int[])[0, 1, 2])
        {
            int[] counts = [.. folds.Select(f => f.Validation.Count(i => labels[i] == c))];
            Assert.InRange(counts.Max() - counts.Min(), 0, 1);
        }

        Assert.All(folds, f => Assert.InRange(f.Validation.Count, 13, 14));
    }

    [Fact]
    public void GroupsStayTogether()
    {
        long[] groups = [7, 7, 7, 1, 2, 2, 3, 1, 4, 5];
        IReadOnlyList<Fold> folds = new GroupKFold(groups, 3).Split(WithLabels(new int[10]));
        Assert.All(folds, f => Assert.Empty(f.Training.Select(i => groups[i]).Intersect(f.Validation.Select(i => groups[i]))));
        Assert.Equal([3, 3, 4], folds.Select(f => f.Validation.Count).Order());
    }

    [Fact]
    public void TooFewExamplesAreAnErrorAndAFewOfAClassAWarning()
    {
        Assert.Throws<OptionException>(() => new KFold(1));
        Assert.Throws<OptionException>(() => new KFold(3, -1));
        Assert.Throws<OptionException>(() => new KFold(3, null, repeats: 2));
        Assert.Throws<OptionException>(() => new KFold(3, 1, repeats: 0));
        Assert.Throws<DatasetException>(() => new KFold(5).Split(WithLabels(new int[4])));
        Assert.Throws<DatasetException>(() => new StratifiedKFold(3).Split(WithLabels([0, 0, 1, 1])));
        Assert.Throws<DatasetException>(() => new GroupKFold([1, 1, 1], 2).Split(WithLabels(new int[3])));
        Assert.Throws<DatasetException>(() => new GroupKFold([1, 2], 2).Split(WithLabels(new int[3])));
        var warnings = new List<string>();
        Assert.Equal(3, new StratifiedKFold(3).Split(WithLabels([0, 0, 0, 0, 1]), warnings).Count);
        Assert.Contains("class 1 has 1 examples", Assert.Single(warnings));
    }

    [Fact]
    public void FoldsGiveMeanDeviationAndInterval()
    {
        var seen = new List<string>();
        var options = new CrossValidationOptions
        {
            Splitter = new StratifiedKFold(3, 5),
            Fit = TestModels.Quiet with { Epochs = 3, BatchSize = 8 },
            OnFoldEnd = f => seen.Add(f.ToString()),
        };
        CrossValidationResult result = CrossValidation.Run(() => Compiled(), TestModels.Points(60), options);
        Assert.Equal(["loss", "accuracy", "auc"], result.Names);
        Assert.Equal(3, seen.Count);
        Assert.StartsWith("fold 3/3: loss ", seen[2], StringComparison.Ordinal);
        CrossValidatedValue value = result["loss"];
        Assert.Equal(value.Values, result.Folds.Select(f => f.Evaluation.Loss));
        Assert.Equal(value.Values.Average(), value.Mean, 12);
        double deviation = Math.Sqrt(value.Values.Sum(v => Math.Pow(v - value.Mean, 2)) / 2);
        Assert.Equal(deviation, value.StandardDeviation, 12);

        // The 97.5th percentile of Student's t with 2 degrees of freedom, from tables.
        Assert.Equal(4.302652729911275 * deviation / Math.Sqrt(3), value.Upper - value.Mean, 9);
        Assert.Equal(value.Upper - value.Mean, value.Mean - value.Lower, 12);
        Assert.Contains("95% interval", result.ToString());

        // By hand: the same folds, one after the other.
        Fold fold = options.Splitter.Split(TestModels.Points(60))[1];
        Sequential model = Compiled();
        model.Fit(TestModels.Points(60).Subset([.. fold.Training]), options.Fit);
        Assert.Equal(model.Evaluate(TestModels.Points(60).Subset([.. fold.Validation]), 8).Values, result.Folds[1].Evaluation.Values);
    }

    [Theory]
    [InlineData(1, 0.975, 12.706204736174696)]
    [InlineData(4, 0.975, 2.7764451051977934)]
    [InlineData(9, 0.995, 3.2498355415921254)]
    [InlineData(100, 0.95, 1.6602343260853392)]
    public void TheDistributionIsThatOfTables(int degrees, double share, double expected) => Assert.Equal(expected, StudentT.Quantile(share, degrees), 1e-10);

    [Fact]
    public void OnlyFreshCompiledModelsAreJudged()
    {
        FitOptions fit = TestModels.Quiet with { BatchSize = 8 };
        Sequential one = Compiled();
        Assert.Contains("fold 2", Assert.Throws<ModelException>(() => CrossValidation.Run(() => one, TestModels.Points(30), new() { Fit = fit })).Message);
        Assert.Throws<ModelException>(() => CrossValidation.Run(
            () =>
            {
                one.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true));
                return one;
            }, TestModels.Points(30), new() { Fit = fit }));
        Assert.Throws<ModelException>(() => CrossValidation.Run(() => new Sequential(new Dense(3)), TestModels.Points(30), new() { Fit = fit }));
        Assert.Throws<OptionException>(() => CrossValidation.Run(() => Compiled(), TestModels.Points(30), new() { Fit = fit, Confidence = 1 }));
        Assert.Throws<OptionException>(() => CrossValidation.Run(() => Compiled(), TestModels.Points(30), new() { Fit = fit with { ValidationData = TestModels.Points(9) } }));
    }

    [Fact]
    public void ItCanBeCancelled()
    {
        using var source = new CancellationTokenSource();
        int folds = 0;
        var options = new CrossValidationOptions
        {
            Fit = TestModels.Quiet with { BatchSize = 8 },
            OnFoldEnd = _ =>
            {
                if (++folds == 2)
                    source.Cancel();
            },
        };
        Assert.ThrowsAny<OperationCanceledException>(() => CrossValidation.Run(() => Compiled(), TestModels.Points(60), options, source.Token));
        Assert.Equal(2, folds);
    }

    [Fact]
    public void AFoldWithoutAValueIsNamed()
    {
        // Sorted by class and divided as they lie: each part has one class only.
        ArrayDataset data = Dataset.From(TensorData.From<float>([1, 2, 3, 4], [4, 1]), TensorData.From([0, 0, 1, 1]));
        CrossValidationResult result = CrossValidation.Run(
            () =>
            {
                var model = new Sequential(new Dense(1));
                model.Compile(new Sgd(), Loss.BinaryCrossentropy(fromLogits: true), new RocAuc());
                return model;
            }, data, new() { Splitter = new KFold(2, null), Fit = TestModels.Quiet with { BatchSize = 2 } });
        Assert.Contains("auc: no value in fold 1", result.ToString());
        Assert.Throws<UndefinedMetricException>(() => result["auc"]);
    }

    private static Sequential Compiled()
    {
        var model = new Sequential(new Dense(3));
        model.Compile(new Adam(0.05), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy, new RocAuc());
        return model;
    }

    private static ArrayDataset WithLabels(int[] labels) => Dataset.From(new TensorData(DType.Float32, [labels.Length, 1]), TensorData.From(labels));

    private static string Show(IReadOnlyList<Fold> folds) => string.Join('|', folds.Select(f => string.Join(',', f.Validation)));
}
