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

    private static double Accuracy(Loss loss, float[] outputs, Shape shape, TensorData targets)
    {
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), loss, Metric.Accuracy);
        return model.Evaluate(TensorData.From(outputs, shape), targets, batchSize: 2)["accuracy"];
    }
}
