namespace Anneal.Tests.Losses;

/// <summary>Steps that the output's mask leaves out enter neither loss nor metrics.</summary>
public sealed class MaskTests
{
    // Two sequences of three steps, of which one and two do not count; what stands there is not even a number.
    private static readonly bool[] Steps = [true, true, false, true, false, false];
    private static readonly float[] Logits = [1, 2, 0.5f, -1, float.NaN, 3, 0, 1, float.NaN, float.NaN, 7, 7];
    private static readonly int[] Labels = [1, 1, 0, 0, 1, 0];

    [Fact]
    public void MaskedStepsOfLabelledSequencesDoNotEnter()
    {
        var model = new Sequential(new Masking());
        model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy, new F1Score(), new TopKAccuracy(2));
        EvaluationResult result = model.Evaluate(TensorData.From(Logits, [2, 3, 2]), TensorData.From(Labels, [2, 3]));
        double expected = (Soft(1, 2, 1) + Soft(0.5, -1, 1) + Soft(0, 1, 0)) / 3;
        Assert.Equal(expected, result.Loss, 6);
        Assert.Equal(1 / 3.0, result["accuracy"], 9);
        Assert.Equal(1, result["top_k_accuracy"]);

        // Right: one of class 1; wrong: a missed one and a false one.
        Assert.Equal(0.5, result["f1"], 9);
    }

    [Fact]
    public void MaskedStepsOfNumbersDoNotEnter()
    {
        var model = new Sequential(new Masking());
        model.Compile(new Sgd(), Loss.MeanSquaredError(), new MeanSquaredError { Name = "mse" }, Metric.BinaryAccuracy());
        EvaluationResult result = model.Evaluate(TensorData.From(Logits, [2, 3, 2]), TensorData.From(new float[12], [2, 3, 2]));
        double expected = (1 + 4 + 0.25 + 1 + 0 + 1) / 6.0;
        Assert.Equal(expected, result.Loss, 6);
        Assert.Equal(expected, result["mse"], 9);

        // 1, 2 and 1 lie above one half; 0.5 does not.
        Assert.Equal(3 / 6.0, result["binary_accuracy"], 9);
    }

    [Fact]
    public void MasksAndIgnoredLabelsAddUp()
    {
        var model = new Sequential(new Masking());
        model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true), new Accuracy());
        EvaluationResult result = model.Evaluate(TensorData.From(Logits, [2, 3, 2]), TensorData.From([1, -100, 0, -100, 1, 0], [2, 3]));
        Assert.Equal(Soft(1, 2, 1), result.Loss, 6);
        Assert.Equal(1, result["accuracy"]);
    }

    [Fact]
    public void WhereNothingCountsLossAndMetricsAreUndefined()
    {
        var model = new Sequential(new Masking());
        model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy, new Accuracy { Name = "streamed" });
        EvaluationResult result = model.Evaluate(TensorData.From(Logits, [2, 3, 2]), TensorData.From([-100, -100, 0, -100, 1, 0], [2, 3]));
        Assert.Empty(result.Values);
        Assert.Contains("loss is undefined", Assert.Throws<UndefinedMetricException>(() => result.Loss).Message);
        foreach (string name in (string[])["accuracy", "streamed"])
            Assert.Contains($"{name} is undefined: no example", Assert.Throws<UndefinedMetricException>(() => result[name]).Message);

        // The mean of such a batch is 0, so that it does not destroy a training.
        TensorData ignored = TensorData.From([-100, -100, 0, -100, 1, 0], [2, 3]);
        Assert.Equal(0, Mean(Loss.SparseCategoricalCrossentropy(fromLogits: true), TensorData.From(Logits, [2, 3, 2]), ignored, TensorData.From(Steps, [2, 3])));
    }

    [Fact]
    public void OneOfSeveralOutputsMayHaveNothingThatCounts()
    {
        var input = new Input(2);
        var model = new Model([input], [new Dense(2, name: "a").Apply(input), new Dense(2, name: "b").Apply(input)]);
        Loss loss = Loss.SparseCategoricalCrossentropy(fromLogits: true);
        model.Compile(new Sgd(), [loss, loss], [[Metric.Accuracy], [Metric.Accuracy]]);
        var data = new ArrayDataset([TensorData.From<float>([1, 2, 3, 4], [2, 2])], [TensorData.From([0, 1]), TensorData.From([-100, -100])]);
        EvaluationResult result = model.Evaluate(data);
        Assert.Equal(["loss", "a_loss", "a_accuracy"], result.Values.Keys);
        Assert.Equal(["b_loss", "b_accuracy"], result.Undefined.Keys);
        Assert.Equal(result["a_loss"], result.Loss);
    }

    [Fact]
    public void WhatDoesNotCountNeedNotBeANumber()
    {
        var model = new Sequential(new ActivationLayer(Activation.Linear));
        model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        TensorData logits = TensorData.From<float>([1, 2, float.NaN, 3, float.PositiveInfinity, 1, 0.5f, -1], [4, 2]), labels = TensorData.From([1, -100, -100, 1]);
        double expected = (Soft(1, 2, 1) + Soft(0.5, -1, 1)) / 2;
        Assert.Equal(expected, model.Evaluate(logits, labels).Loss, 1e-6);
        Assert.Equal(expected, Mean(Loss.SparseCategoricalCrossentropy(fromLogits: true), logits, labels, TensorData.From(new[] { true, true, true, true })), 1e-6);
    }

    [Fact]
    public void TheMeanOfALoopOfOnesOwnHeedsTheMask()
    {
        double expected = (Soft(1, 2, 1) + Soft(0.5, -1, 1) + Soft(0, 1, 0)) / 3;
        Assert.Equal(expected, Mean(
            Loss.SparseCategoricalCrossentropy(fromLogits: true), TensorData.From(Logits, [2, 3, 2]), TensorData.From(Labels, [2, 3]), TensorData.From(Steps, [2, 3])), 6);
    }

    /// <summary>The mean of a loss for outputs with a mask.</summary>
    internal static double Mean(Loss loss, TensorData output, TensorData target, TensorData mask) => Program.Compile((x, t) =>
    {
        Tensor masked = x + 0;
        Masks.Attach(masked, Tensor.From(mask));
        return loss.Mean(masked, t);
    }).Run(output, target).Item<float>();

    private static double Soft(double a, double b, int label) => Math.Log(Math.Exp(a) + Math.Exp(b)) - (label == 0 ? a : b);

    /// <summary>Hands its input on with a mask.</summary>
    private sealed class Masking : Layer
    {
        protected override Tensor Call(Tensor input) => input + 0;

        protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) => Tensor.From(TensorData.From(Steps, [2, 3]));
    }
}
