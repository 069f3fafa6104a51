using Anneal.Testing;

namespace Anneal.Tests.Metrics;

/// <summary>Metrics on the host against definitions by counting pairs and examples, in batches of any size, and in their three uses.</summary>
public sealed class StreamingMetricTests
{
    private const int Count = 60, Classes = 4;

    // Rounded to tenths, so that many scores are equal.
    private static readonly double[] Scores = [.. Values.Uniform(Count, 0, 1, 1).Select(s => (double)(float)(Math.Round(s * 10) / 10))];
    private static readonly int[] Truths = [.. Values.Integers(Count, 0, 2, 2).Select(t => (int)t)];
    private static readonly int[] Labels = [.. Values.Integers(Count, 0, Classes, 3).Select(t => (int)t)];
    private static readonly double[][] Rows =
        [.. Enumerable.Range(0, Count).Select(i => Losses.LossCases.Softmax(Values.Uniform(Classes, -1, 1, 10 + i)).Select(v => (double)(float)v).ToArray())];
    private static readonly int[] Largest = [.. Rows.Select(r => Array.IndexOf(r, r.Max()))];
    private static readonly double[] Numbers = Values.Uniform(Count, -2, 2, 4), Answers = Values.Uniform(Count, 0.5, 3, 5);

    /// <summary>Each metric with data and its value by an independent definition.</summary>
    private static IEnumerable<(string Name, StreamingMetric Metric, TensorData Outputs, TensorData Targets, double Expected)> Cases()
    {
        TensorData scores = Floats(Scores), truths = TensorData.From(Truths), rows = Floats([.. Rows.SelectMany(r => r)]).Reshape([Count, Classes]), labels = TensorData.From(Labels);
        TensorData numbers = Floats(Numbers), answers = Floats(Answers);
        (string, StreamingMetric, TensorData, TensorData, double) Binary(StreamingMetric m, double expected) => (m.Name, m, scores, truths, expected);
        (string, StreamingMetric, TensorData, TensorData, double) Many(StreamingMetric m, double expected) => ("many " + m.Name, m, rows, labels, expected);
        (string, StreamingMetric, TensorData, TensorData, double) Number(StreamingMetric m, double expected) => (m.Name, m, numbers, answers, expected);
        int[] decided = [.. Scores.Select(s => s > 0.35 ? 1 : 0)];
        yield return Binary(new Accuracy(0.35), Share(decided, Truths));
        yield return Binary(new Precision(threshold: 0.35), PrecisionOf(decided, Truths, 1));
        yield return Binary(new Recall(threshold: 0.35), PrecisionOf(Truths, decided, 1));
        yield return Binary(new F1Score(threshold: 0.35), FOf(decided, Truths, 1, 1));
        yield return Binary(new FBetaScore(2, threshold: 0.35), FOf(decided, Truths, 1, 2));
        yield return Binary(new MatthewsCorrelation(0.35), Correlation(decided, Truths));
        yield return Binary(new RocAuc(), Area(Scores, Truths, 1));
        yield return Binary(new AveragePrecision(), AverageOf(Scores, Truths, 1));
        yield return Binary(new LogLoss(0.01), Scores.Zip(Truths, (s, t) => -Math.Log(Math.Clamp(t == 1 ? s : 1 - s, 0.01, 0.99))).Average());
        yield return Binary(new BrierScore(), Scores.Zip(Truths, (s, t) => (s - t) * (s - t)).Average());
        yield return Many(new Accuracy(), Share(Largest, Labels));
        yield return Many(new TopKAccuracy(2), Rows.Zip(Labels, (r, l) => r.OrderDescending().Take(2).Contains(r[l]) ? 1.0 : 0).Average());
        yield return Many(new BalancedAccuracy(), Enumerable.Range(0, Classes).Average(c => PrecisionOf(Labels, Largest, c)));
        yield return Many(new CohenKappa(), Kappa(Largest, Labels));
        yield return Many(new MeanIntersectionOverUnion(), Enumerable.Range(0, Classes).Average(c =>
            Enumerable.Range(0, Count).Count(i => Largest[i] == c && Labels[i] == c) / (double)Enumerable.Range(0, Count).Count(i => Largest[i] == c || Labels[i] == c)));
        yield return Many(new RocAuc(), Enumerable.Range(0, Classes).Average(c => Area([.. Rows.Select(r => r[c])], Labels, c)));
        yield return Many(
            new RocAuc(Averaging.Weighted) { Name = "weighted auc" },
            Enumerable.Range(0, Classes).Sum(c => Labels.Count(l => l == c) * Area([.. Rows.Select(r => r[c])], Labels, c)) / Count);
        yield return Many(new AveragePrecision(), Enumerable.Range(0, Classes).Average(c => AverageOf([.. Rows.Select(r => r[c])], Labels, c)));
        yield return Many(new LogLoss(), Rows.Zip(Labels, (r, l) => -Math.Log(r[l])).Average());
        yield return Many(new Perplexity(), Math.Exp(Rows.Zip(Labels, (r, l) => -Math.Log(r[l])).Average()));
        yield return Many(new BrierScore(), Rows.Zip(Labels, (r, l) => r.Select((p, c) => Math.Pow(p - (c == l ? 1 : 0), 2)).Sum()).Average());
        yield return Many(new Precision(Averaging.Micro), Share(Largest, Labels));
        yield return Many(new Recall(Averaging.Macro), Enumerable.Range(0, Classes).Average(c => PrecisionOf(Labels, Largest, c)));
        yield return Many(new F1Score(Averaging.Weighted), Enumerable.Range(0, Classes).Sum(c => Labels.Count(l => l == c) * FOf(Largest, Labels, c, 1)) / Count);
        yield return Many(new FBetaScore(0.5, Averaging.Macro), Enumerable.Range(0, Classes).Average(c => FOf(Largest, Labels, c, 0.5)));
        yield return Number(new MeanSquaredError(), Numbers.Zip(Answers, (o, t) => (o - t) * (o - t)).Average());
        yield return Number(new RootMeanSquaredError(), Math.Sqrt(Numbers.Zip(Answers, (o, t) => (o - t) * (o - t)).Average()));
        yield return Number(new MeanAbsoluteError(), Numbers.Zip(Answers, (o, t) => Math.Abs(o - t)).Average());
        yield return Number(new MeanAbsolutePercentageError(), Numbers.Zip(Answers, (o, t) => Math.Abs((o - t) / t)).Average());
        yield return Number(new R2Score(), 1 - Numbers.Zip(Answers, (o, t) => (o - t) * (o - t)).Sum() / Answers.Sum(t => Math.Pow(t - Answers.Average(), 2)));
        yield return (nameof(CosineSimilarity), new CosineSimilarity(), numbers.Reshape([20, 3]), answers.Reshape([20, 3]), Enumerable.Range(0, 20).Average(i =>
            Cosine(Numbers[(3 * i)..(3 * i + 3)], Answers[(3 * i)..(3 * i + 3)])));
    }

    public static TheoryData<string> Names() => [.. Cases().Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void TheValueIsThatOfTheDefinition(string name)
    {
        (_, StreamingMetric metric, TensorData outputs, TensorData targets, double expected) = Cases().Single(c => c.Name == name);
        Assert.Equal(expected, metric.Of(outputs, targets), 1e-12 * Math.Max(1, Math.Abs(expected)));
        Assert.Equal(0, metric.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void BatchesOfAnySizeGiveTheSameBits(string name)
    {
        (_, StreamingMetric metric, TensorData outputs, TensorData targets, _) = Cases().Single(c => c.Name == name);
        double once = metric.Of(outputs, targets);
        foreach (int size in (int[])[1, 7, 20])
        {
            metric.Reset();
            for (int start = 0; start < outputs.Shape[0]; start += size)
                metric.Update(Part(outputs, start, size), Part(targets, start, size));
            Assert.Equal(once, metric.Result);
            Assert.Equal(outputs.Shape[0], metric.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AModelGivesTheSameAndKeepsItWhenSaved(string name)
    {
        (_, StreamingMetric metric, TensorData outputs, TensorData targets, double expected) = Cases().Single(c => c.Name == name);
        Loss loss = outputs.Shape == targets.Shape ? metric is RegressionMetric ? Loss.MeanSquaredError() : Loss.BinaryCrossentropy() : Loss.SparseCategoricalCrossentropy();
        TensorData x = outputs.Shape.Rank == 1 ? outputs.Reshape([outputs.Shape[0], 1]) : outputs;
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), loss, metric);
        double value = model.Evaluate(x, targets, batchSize: 7)[metric.Name];
        Assert.Equal(expected, value, 1e-12 * Math.Max(1, Math.Abs(expected)));
        Assert.Equal(value, model.Evaluate(x, targets, batchSize: 60)[metric.Name]);
        using var folder = new TestFolder();
        model.Save(folder.Path);
        Model again = Model.Load(folder.Path);
        Assert.Equal(value, again.Evaluate(x, targets, batchSize: 13)[metric.Name]);
        Assert.Equal(metric.GetType(), again.Setup!.Metrics[0][0].GetType());
    }

    [Fact]
    public void EveryMetricHasACase()
    {
        IEnumerable<string> types = typeof(StreamingMetric).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(StreamingMetric)) && !t.IsAbstract).Select(t => t.Name);
        Assert.Equal(types.Order(), Cases().Select(c => c.Metric.GetType().Name).Distinct().Order());
    }

    [Fact]
    public void LogitsAreJudgedAsTheLossTakesThem()
    {
        double[] logits = Values.Uniform(Count, -3, 3, 6);
        double[] shares = [.. logits.Select(x => 1 / (1 + Math.Exp(-x)))];
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(
            new Sgd(), Loss.BinaryCrossentropy(fromLogits: true), new Precision(threshold: 0.7), new LogLoss(), new BrierScore(), new RocAuc());
        EvaluationResult result = model.Evaluate(Floats(logits).Reshape([Count, 1]), TensorData.From(Truths));
        Assert.Equal(PrecisionOf([.. shares.Select(p => p > 0.7 ? 1 : 0)], Truths, 1), result["precision"], 12);
        Assert.Equal(result.Loss, result["log_loss"], 6);
        Assert.Equal(shares.Zip(Truths, (s, t) => (s - t) * (s - t)).Average(), result["brier"], 12);
        Assert.Equal(Area(logits, Truths, 1), result["auc"], 12);
    }

    [Fact]
    public void LogitsOfClassesAreComparedAsProbabilities()
    {
        float[] logits = [.. Values.Uniform(Count * Classes, -3, 3, 6).Select(v => (float)v)];
        double[][] shares = [.. Enumerable.Range(0, Count).Select(i => Losses.LossCases.Softmax([.. logits[(i * Classes)..((i + 1) * Classes)].Select(v => (double)v)]))];
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true), new RocAuc(), new Perplexity(), new BrierScore());
        EvaluationResult result = model.Evaluate(TensorData.From(logits, [Count, Classes]), TensorData.From(Labels));
        Assert.Equal(Enumerable.Range(0, Classes).Average(c => Area([.. shares.Select(r => r[c])], Labels, c)), result["auc"], 12);
        Assert.Equal(Math.Exp(result.Loss), result["perplexity"], 5);
        Assert.Equal(shares.Zip(Labels, (r, l) => r.Select((p, c) => Math.Pow(p - (c == l ? 1 : 0), 2)).Sum()).Average(), result["brier"], 12);
    }

    [Fact]
    public void TwoOutputsAreOneScore()
    {
        TensorData pairs = Floats([.. Scores.SelectMany(s => (double[])[1 - s, s])]).Reshape([Count, 2]);
        Assert.Equal(Area(Scores, Truths, 1), new RocAuc().Of(pairs, TensorData.From(Truths)), 12);
        Assert.Equal(new BrierScore().Of(Floats(Scores), TensorData.From(Truths)), new BrierScore().Of(pairs, TensorData.From(Truths)), 12);
    }

    [Fact]
    public void OutputsThatDoNotDependOnEachOtherAreExamplesEach()
    {
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), Loss.BinaryCrossentropy(), new RocAuc(), new F1Score(), new LogLoss());
        EvaluationResult result = model.Evaluate(Floats(Scores).Reshape([20, 3]), TensorData.From(Truths).Reshape([20, 3]));
        Assert.Equal(Area(Scores, Truths, 1), result["auc"], 12);
        Assert.Equal(FOf([.. Scores.Select(s => s > 0.5 ? 1 : 0)], Truths, 1, 1), result["f1"], 12);
    }

    [Fact]
    public void OneHotTargetsAreLabels()
    {
        float[] hot = [.. Labels.SelectMany(l => Enumerable.Range(0, Classes).Select(c => c == l ? 1f : 0f))];
        TensorData rows = Floats([.. Rows.SelectMany(r => r)]).Reshape([Count, Classes]), targets = TensorData.From(hot, [Count, Classes]);
        foreach (StreamingMetric metric in (StreamingMetric[])[new Accuracy(), new TopKAccuracy(2), new RocAuc(), new LogLoss(), new BrierScore(), new F1Score(Averaging.Macro)])
        {
            double expected = metric.Of(rows, TensorData.From(Labels));
            Assert.Equal(expected, metric.Of(rows, targets), 12);
            var model = new Sequential(new ActivationLayer(Activation.Linear));
            model.Compile(new Sgd(), Loss.CategoricalCrossentropy(), metric);
            Assert.Equal(expected, model.Evaluate(rows, targets)[metric.Name], 12);
        }
    }

    [Fact]
    public void ColumnsAreAveraged()
    {
        double[,] outputs = { { 1, 10 }, { 2, 20 }, { 4, 10 } }, targets = { { 1, 10 }, { 3, 10 }, { 5, 10 } };
        Assert.Equal((Math.Sqrt(2 / 3.0) + Math.Sqrt(100 / 3.0)) / 2, new RootMeanSquaredError().Of(outputs, targets), 12);

        // The second column is constant and not met: 0. The first: 1 - 2 / 8.
        Assert.Equal((0.75 + 0) / 2, new R2Score().Of(outputs, targets), 12);
        Assert.Equal(1, new R2Score().Of([3.0, 3], [3.0, 3]));
    }

    private static TensorData Floats(double[] values) => TensorData.From([.. values.Select(v => (float)v)]);

    private static TensorData Part(TensorData data, int start, int size)
    {
        long count = Math.Min(size, data.Shape[0] - start), each = data.Shape[1..].ElementCount;
        return Values.ToData(Values.ToDoubles(data)[(int)(start * each)..(int)((start + count) * each)], data.Type with { Shape = new Shape(count).Concat(data.Shape[1..]) });
    }

    private static double Share(int[] a, int[] b) => a.Zip(b, (x, y) => x == y ? 1.0 : 0).Average();

    /// <summary>Of those that <paramref name="said"/> calls a class, the share that <paramref name="are"/> calls so too.</summary>
    private static double PrecisionOf(int[] said, int[] are, int c) => said.Zip(are).Where(p => p.First == c).Average(p => p.Second == c ? 1.0 : 0);

    private static double FOf(int[] said, int[] are, int c, double beta)
    {
        double p = PrecisionOf(said, are, c), r = PrecisionOf(are, said, c);
        return (1 + beta * beta) * p * r / (beta * beta * p + r);
    }

    private static double Correlation(int[] a, int[] b)
    {
        double x = a.Average(), y = b.Average();
        return a.Zip(b, (p, q) => (p - x) * (q - y)).Sum() / Math.Sqrt(a.Sum(p => (p - x) * (p - x)) * b.Sum(q => (q - y) * (q - y)));
    }

    private static double Kappa(int[] a, int[] b)
    {
        // Chance: all pairs of one's prediction and another's label.
        double chance = a.SelectMany(x => b, (x, y) => x == y ? 1.0 : 0).Average();
        return (Share(a, b) - chance) / (1 - chance);
    }

    private static double Area(double[] scores, int[] labels, int c)
    {
        double sum = 0, pairs = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            for (int j = 0; j < scores.Length; j++)
            {
                if (labels[i] == c && labels[j] != c)
                    (sum, pairs) = (sum + (scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0), pairs + 1);
            }
        }

        return sum / pairs;
    }

    /// <summary>Each example of the class has the precision at its own score as threshold; ties share one threshold, so the mean over them is the sum over thresholds.</summary>
    private static double AverageOf(double[] scores, int[] labels, int c) => Enumerable.Range(0, scores.Length).Where(i => labels[i] == c).Average(i =>
        Enumerable.Range(0, scores.Length).Where(j => scores[j] >= scores[i]).Average(j => labels[j] == c ? 1.0 : 0));

    private static double Cosine(double[] a, double[] b) =>
        a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x)) / Math.Sqrt(b.Sum(x => x * x));
}
