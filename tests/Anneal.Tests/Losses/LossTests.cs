namespace Anneal.Tests;

public class LossTests
{
    private static readonly float[] Outputs = [0.3f, -1.2f, 2f, 0.1f, 0.7f, -0.4f];

    [Fact]
    public void SparseCategoricalCrossentropyIsTheLogarithmOfTheLabelledShare()
    {
        double expected = (LogSum(Outputs.AsSpan(0, 3)) - Outputs[2] + LogSum(Outputs.AsSpan(3, 3)) - Outputs[0 + 3]) / 2;
        Assert.Equal(expected, Evaluate(Loss.SparseCategoricalCrossentropy(fromLogits: true), [2, 3], TensorData.From([2, 0])), 6);
        Assert.Equal(expected, Evaluate(Loss.SparseCategoricalCrossentropy(), [2, 3], TensorData.From<byte>([2, 0]), Activation.Softmax), 5);
        Assert.Equal(expected, Evaluate(Loss.SparseCategoricalCrossentropy(fromLogits: true), [2, 3], TensorData.From<long>([2, 0], [2, 1])), 6);
    }

    [Fact]
    public void SequencesTakeTheMeanOfTheirSteps()
    {
        double expected = LogSum(Outputs.AsSpan(3, 3)) - Outputs[3];
        Assert.Equal(expected, Evaluate(Loss.SparseCategoricalCrossentropy(fromLogits: true, ignoreIndex: 2), [1, 2, 3], TensorData.From([2, 0], [1, 2])), 6);
    }

    [Fact]
    public void CategoricalCrossentropyTakesDistributions()
    {
        float[] targets = [0.2f, 0, 0.8f, 1, 0, 0];
        double expected = 0;
        for (int i = 0; i < 6; i++)
            expected += targets[i] * (LogSum(Outputs.AsSpan(i / 3 * 3, 3)) - Outputs[i]) / 2;
        Assert.Equal(expected, Evaluate(Loss.CategoricalCrossentropy(fromLogits: true), [2, 3], TensorData.From(targets, [2, 3])), 5);
        Assert.Equal(expected, Evaluate(Loss.CategoricalCrossentropy(), [2, 3], TensorData.From(targets, [2, 3]), Activation.Softmax), 5);
    }

    [Fact]
    public void BinaryCrossentropyIsTheMeanOfItsOutputs()
    {
        float[] targets = [1, 0, 0.25f, 0, 1, 1];
        double expected = Outputs.Select((x, i) => Math.Log(1 + Math.Exp(x)) - targets[i] * x).Average();
        Assert.Equal(expected, Evaluate(Loss.BinaryCrossentropy(fromLogits: true), [2, 3], TensorData.From(targets, [2, 3])), 5);
        Assert.Equal(expected, Evaluate(Loss.BinaryCrossentropy(), [2, 3], TensorData.From(targets, [2, 3]), Activation.Sigmoid), 5);
    }

    [Fact]
    public void DifferencesAreSquaredOrAbsolute()
    {
        float[] targets = [1, 0, 1, 0, 1, 0];
        Assert.Equal(
            Outputs.Select((x, i) => Math.Pow(x - targets[i], 2)).Average(), Evaluate(Loss.MeanSquaredError(), [2, 3], TensorData.From(targets, [2, 3])), 5);
        Assert.Equal(
            Outputs.Select((x, i) => Math.Abs(x - targets[i])).Average(),
            Evaluate(Loss.MeanAbsoluteError(), [2, 3], TensorData.From([.. targets.Select(t => (int)t)], [2, 3])), 5);
    }

    [Fact]
    public void ATargetWithoutTheLastAxisIsNotBroadcast()
    {
        double expected = Outputs.Select(x => (double)x * x).Average();
        Assert.Equal(expected, Evaluate(Loss.MeanSquaredError(), [6, 1], TensorData.From(new float[6])), 5);
    }

    [Theory]
    [InlineData(1e4f)]
    [InlineData(-1e4f)]
    public void ExtremeLogitsStayFinite(float logit)
    {
        float[] outputs = [logit, 0];
        Assert.Equal(Math.Max(-logit, 0), Of(Loss.SparseCategoricalCrossentropy(fromLogits: true), outputs, [1, 2], TensorData.From([0]), null), 1);
        Assert.Equal(
            Math.Max(logit, 0), Of(Loss.BinaryCrossentropy(fromLogits: true), outputs[..1], [1, 1], TensorData.From<float>([0], [1, 1]), null), 1);
    }

    [Fact]
    public void TheGradientOfABinaryLogitOfZeroIsRight()
    {
        Loss loss = Loss.BinaryCrossentropy(fromLogits: true);
        Program program = Program.Compile((x, t) => Gradients.Of(loss.Values(x, t).Sum(), [x])[0]);
        Assert.Equal([-0.5f, 0.5f], program.Run(TensorData.From<float>([0, 0], [2, 1]), TensorData.From<float>([1, 0], [2, 1])).ToArray<float>());
    }

    [Fact]
    public void ABatchOfIgnoredLabelsHasNoLossAndNoGradient()
    {
        var model = new Sequential(new Dense(2));
        model.Compile(new Sgd(1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Build(1);
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        History history = model.Fit(TensorData.From<float>([1, 2], [2, 1]), TensorData.From([-100, -100]), TestModels.Quiet with { BatchSize = 2 });
        Assert.Empty(history.Epochs[0].Values);
        Assert.Contains("loss is undefined", Assert.Throws<UndefinedMetricException>(() => history["loss"]).Message);
        Assert.Equal(before, TestModels.Bits(model));
    }

    private static double Evaluate(Loss loss, Shape shape, TensorData targets, Activation activation = Activation.Linear) =>
        Of(loss, Outputs, shape, targets, new ActivationLayer(activation));

    private static double Of(Loss loss, float[] outputs, Shape shape, TensorData targets, Layer? layer)
    {
        var model = new Sequential(layer ?? new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), loss);
        return model.Evaluate(TensorData.From(outputs, shape), targets).Loss;
    }

    private static double LogSum(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += Math.Exp(value);
        return Math.Log(sum);
    }
}
