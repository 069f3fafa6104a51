namespace Anneal.Tests;

public class MetricTests
{
    [Fact]
    public void AccuracyFollowsTheLoss()
    {
        float[] logits = [0.3f, 0.2f, -1, 1, -0.2f, 0.4f];
        Assert.Equal(2 / 3.0, Accuracy(Loss.SparseCategoricalCrossentropy(fromLogits: true), logits, [3, 2], TensorData.From([0, 1, 0])), 9);
        Assert.Equal(2 / 3.0, Accuracy(Loss.CategoricalCrossentropy(fromLogits: true), logits, [3, 2], TensorData.From<float>([1, 0, 0, 1, 1, 0], [3, 2])), 9);

        // Logits are judged at 0: 0.3 and 0.2 are above it.
        Assert.Equal(5 / 6.0, Accuracy(Loss.BinaryCrossentropy(fromLogits: true), logits, [6, 1], TensorData.From([1, 1, 0, 1, 0, 0])), 9);
        Assert.Equal(4 / 6.0, Accuracy(Loss.MeanSquaredError(), logits, [6, 1], TensorData.From<float>([1, 0, 0, 1, 0, 1])), 9);
    }

    [Fact]
    public void ValuesAreExactOverUnevenBatches()
    {
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), Loss.BinaryCrossentropy(fromLogits: true), Metric.BinaryAccuracy(0), Metric.Accuracy);
        float[] logits = [.. Enumerable.Range(0, 7).Select(i => i < 5 ? 1f : -1f)];
        EvaluationResult result = model.Evaluate(TensorData.From(logits, [7, 1]), TensorData.From(new int[7]), batchSize: 3);
        Assert.Equal(2 / 7.0, result["accuracy"], 12);
        Assert.Equal(result["accuracy"], result["binary_accuracy"]);
    }

    [Fact]
    public void AConfusionMatrixGivesTheScores()
    {
        ConfusionMatrix matrix = ConfusionMatrix.Of([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 0, 1], 3);
        Assert.Equal((1, 1, 1, 2), (matrix[0, 0], matrix[0, 1], matrix[1, 0], matrix[1, 1]));
        Assert.Equal(0.5, matrix.Accuracy);
        Assert.Equal(0.5, matrix.Precision(1));
        Assert.Equal(2 / 3.0, matrix.Recall(1), 12);
        Assert.Equal(4 / 7.0, matrix.F1(1), 12);
        Assert.Equal(0, matrix.F1(2));
        Assert.Equal(4, matrix.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void ConfusionMatricesTakeOutputs()
    {
        ConfusionMatrix many = ConfusionMatrix.Of([1, 0], TensorData.From<float>([0.1f, 0.9f, 0.2f, 0.8f], [2, 2]));
        Assert.Equal((1, 1), (many[1, 1], many[0, 1]));
        ConfusionMatrix two = ConfusionMatrix.OfBinary([1, 0, 1], TensorData.From<float>([0.6f, 0.4f, 0.5f], [3, 1]));
        Assert.Equal((1, 1, 1, 0), (two[1, 1], two[0, 0], two[1, 0], two[0, 1]));
        Assert.Contains("example 1", Assert.Throws<LabelException>(() => ConfusionMatrix.Of([0, 5], [0, 0], 2)).Message);
        Assert.Throws<LabelException>(() => ConfusionMatrix.Of([0], [0, 0], 2));
    }

    [Fact]
    public void AReportHasALineForEachClassThatOccurs()
    {
        ConfusionMatrix matrix = ConfusionMatrix.Of([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 0, 1], 4);
        const string expected =
            "               precision     recall         f1    support\n" +
            "          cat      0.500      0.500      0.500          2\n" +
            "          dog      0.500      0.667      0.571          3\n" +
            "          eel      0.000      0.000      0.000          1\n" +
            "     accuracy                            0.500          6\n" +
            "   macro mean      0.333      0.389      0.357          6\n" +
            "weighted mean      0.417      0.500      0.452          6\n";
        Assert.Equal(expected, matrix.Report(["cat", "dog", "eel", "fox"], digits: 3));
        Assert.Contains("0.57", matrix.Report());
        Assert.Throws<OptionException>(() => matrix.Report(["cat"]));
        Assert.Throws<OptionException>(() => matrix.Report(digits: -1));
        Assert.Throws<OptionException>(() => matrix.Precision(Averaging.Binary));
    }

    [Fact]
    public void AMatrixIsFilledOneByOne()
    {
        var matrix = new ConfusionMatrix(2);
        matrix.Add(1, 0);
        matrix.Add(1, 1);
        Assert.Equal(0.5, matrix.Recall(1));
        Assert.Throws<LabelException>(() => matrix.Add(2, 0));
        Assert.Throws<OptionException>(() => new ConfusionMatrix(0));
        Assert.Throws<OptionException>(() => new ConfusionMatrix(5000));
        var metric = new F1Score(Averaging.Macro);
        metric.Update([2, 0, 5], [2, 1, 5]);
        Assert.Equal((6, 1), (metric.Matrix.Classes, (int)metric.Matrix[1, 0]));

        // Classes 3 and 4 do not occur.
        Assert.Equal((0 + 0 + 1 + 1) / 4.0, metric.Result, 12);
    }

    [Fact]
    public void EqualOutputsRankTheLaterClassFirst()
    {
        float[,] outputs = { { 0.4f, 0.4f, 0.2f } };
        Assert.Equal(1, new TopKAccuracy(1).Of(outputs, [1]));
        Assert.Equal(0, new TopKAccuracy(1).Of(outputs, [0]));
        Assert.Equal(1, new TopKAccuracy(9).Of(outputs, [2]));
    }

    [Fact]
    public void CurvesHaveAPointForEachScore()
    {
        float[] scores = [0.1f, 0.4f, 0.4f, 0.8f];
        RocCurve roc = RocCurve.Of(scores, [0, 0, 1, 1]);
        Assert.Equal([0, 0, 0.5, 1], roc.FalsePositiveRates);
        Assert.Equal([0, 0.5, 1, 1], roc.TruePositiveRates);
        Assert.Equal([double.PositiveInfinity, 0.8f, 0.4f, 0.1f], roc.Thresholds);
        PrecisionRecallCurve curve = PrecisionRecallCurve.Of(scores, [0, 0, 1, 1]);
        Assert.Equal([0.5, 2 / 3.0, 1, 1], curve.Precisions);
        Assert.Equal([1, 1, 0.5, 0], curve.Recalls);
        Assert.Equal([0.1f, 0.4f, 0.8f], curve.Thresholds);
    }

    private static double Accuracy(Loss loss, float[] outputs, Shape shape, TensorData targets)
    {
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), loss, Metric.Accuracy);
        return model.Evaluate(TensorData.From(outputs, shape), targets, batchSize: 2)["accuracy"];
    }
}
