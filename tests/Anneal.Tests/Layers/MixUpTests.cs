using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Mixing of examples: the weights, the partners, and training with it.</summary>
public sealed class MixUpTests
{
    private const int Count = 100_000;

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(4)]
    public void WeightsAreBetaDistributed(double alpha)
    {
        double[] w = Values.ToDoubles(Program.Compile(() => new MixUp(alpha).DrawBeta(Count), new ProgramOptions { Seed = 1 }).Run());
        Assert.All(w, v => Assert.InRange(v, 0, 1));

        // Raw moments of Beta(α, α): the product of (α + i) / (2α + i).
        double moment = 1;
        for (int power = 1; power <= 4; power++)
        {
            moment *= (alpha + power - 1) / (2 * alpha + power - 1);
            Assert.Equal(moment, w.Average(v => Math.Pow(v, power)), 5 * 0.5 / Math.Sqrt(Count));
        }

        // Its distribution function where that is an elementary function: even, and the arcsine law.
        foreach (double at in (double[])[0.02, 0.1, 0.3, 0.5, 0.8, 0.99])
        {
            double share = w.Count(v => v <= at) / (double)Count;
            if (alpha == 1)
                Assert.Equal(at, share, 5 * 0.5 / Math.Sqrt(Count));
            if (alpha == 0.5)
                Assert.Equal(2 / Math.PI * Math.Asin(Math.Sqrt(at)), share, 5 * 0.5 / Math.Sqrt(Count));
        }
    }

    [Fact]
    public void PartnersAreAPermutation()
    {
        Program program = Program.Compile(() => MixUp.DrawPermutation(5), new ProgramOptions { Seed = 1 });
        var counts = new int[5, 5];
        for (int step = 0; step < 2000; step++)
        {
            int[] order = program.Run().ToArray<int>();
            Assert.Equal([0, 1, 2, 3, 4], order.Order());
            for (int i = 0; i < 5; i++)
                counts[i, order[i]]++;
        }

        Assert.All(counts.Cast<int>(), c => Assert.Equal(400, c, 5 * Math.Sqrt(320)));
        int[] large = Program.Compile(() => MixUp.DrawPermutation(3000), new ProgramOptions { Seed = 1 }).Run().ToArray<int>();
        Assert.Equal(Enumerable.Range(0, 3000), large.Order());
    }

    [Fact]
    public void InputsAndTargetsAreMixedAlike()
    {
        var layer = new MixUp(1);
        TensorData x = Values.ToData(Values.Uniform(6 * 4, -1, 1, 2), new TensorType(DType.Float32, [6, 2, 2, 1]));
        TensorData y = Tensor.From(0, 1, 2, 3, 4, 5).OneHot(6).Evaluate();
        Program program = Program.Compile(a => { (Tensor i, Tensor t) = layer.Apply(a[0], a[1]); return [i, t]; }, new ProgramOptions { Training = true, Seed = 1 });
        TensorData[] mixed = program.RunAll(x, y);
        for (int n = 0; n < 6; n++)
        {
            double[] weights = [.. Enumerable.Range(0, 6).Select(k => mixed[1].GetDouble(n * 6 + k))];
            Assert.Equal(1, weights.Sum(), 1e-6);
            Assert.True(weights.Count(w => w > 0) <= 2);
            for (int p = 0; p < 4; p++)
                Assert.Equal(Enumerable.Range(0, 6).Sum(k => weights[k] * x.GetDouble(k * 4 + p)), mixed[0].GetDouble(n * 4 + p), 1e-6);
        }

        Assert.Contains(Enumerable.Range(0, 6), n => mixed[1].GetDouble(n * 6 + n) is > 0.01 and < 0.99);
        (Tensor same, Tensor target) = layer.Apply(Tensor.From(x), Tensor.From(y));
        Assert.Equal(x.ToArray<float>(), same.ToArray<float>());
        Assert.Equal(y.ToArray<float>(), target.ToArray<float>());
    }

    [Fact]
    public void FitMixesInTrainingOnlyAndGoesOnWithTheSameBits()
    {
        ArrayDataset data = OneHotPoints(60);
        FitOptions plain = TestModels.Quiet with { Epochs = 2, BatchSize = 16 }, mixing = plain with { Augmentation = new MixUp(1) };
        Sequential without = Classifier(), once = Classifier(), twice = Classifier();
        without.Fit(data, plain);
        once.Fit(data, mixing with { Epochs = 4 });
        twice.Fit(data, mixing);
        using var folder = new TestFolder();
        twice.Save(folder.Path);
        var resumed = Model.Load<Sequential>(folder.Path);
        History history = resumed.Fit(data, mixing with { Augmentation = new MixUp(1), ValidationData = data });
        TestModels.AssertSameBits(once, resumed);
        Assert.NotEqual(TestModels.Bits(without).Values.First(), TestModels.Bits(once).Values.First());

        // Mixed targets have an entropy of their own, so the loss of training stays above that of validation.
        Assert.True(history["val_loss"][^1] < history["loss"][^1]);
        Assert.Equal(history["val_loss"][^1], resumed.Evaluate(data).Loss, 1e-6);
    }

    [Theory]
    [InlineData(ComputePrecision.Float32)]
    [InlineData(ComputePrecision.BFloat16)]
    public void MetricsOnTheHostSeeTheMixedTargets(ComputePrecision precision)
    {
        FitOptions options = TestModels.Quiet with { Epochs = 2, BatchSize = 16, Augmentation = new MixUp(1), Precision = precision };
        var numbers = new Sequential(new Dense(3, Activation.Softmax)) { Seed = 4 };
        numbers.Compile(new Sgd(0.1), Loss.MeanSquaredError(), new MeanSquaredError { Name = "streamed" });
        var classes = new Sequential(new Dense(3)) { Seed = 4 };
        classes.Compile(new Sgd(0.1), Loss.CategoricalCrossentropy(fromLogits: true), Metric.Accuracy, new Accuracy { Name = "streamed" });
        History errors = numbers.Fit(OneHotPoints(60), options), shares = classes.Fit(OneHotPoints(60), options);
        for (int epoch = 0; epoch < 2; epoch++)
            Assert.Equal(errors["loss"][epoch], errors["streamed"][epoch], 1e-6);
        Assert.Equal(shares["accuracy"], shares["streamed"]);
    }

    [Fact]
    public void MixedTrainingLearns()
    {
        ArrayDataset data = OneHotPoints(150);
        Sequential model = Classifier();
        model.Fit(data, TestModels.Quiet with { Epochs = 20, BatchSize = 16, Augmentation = new MixUp() });
        Assert.True(model.Evaluate(data)["accuracy"] > 0.98);
    }

    [Fact]
    public void WhatDoesNotGoTogetherIsNamed()
    {
        NormalizationLayerTests.Says<OptionException>("alpha", () => new MixUp(0));
        NormalizationLayerTests.Says<OptionException>("alpha", () => new MixUp(double.PositiveInfinity));
        NormalizationLayerTests.Says<ShapeException>("together", () => new MixUp().Apply(Tensor.Zeros([2, 3])));
        NormalizationLayerTests.Says<ShapeException>("as many targets", () => new MixUp().Apply(Tensor.Zeros([2, 3]), Tensor.Zeros([3, 3])));
        NormalizationLayerTests.Says<DTypeException>("floating-point", () => new MixUp().Apply(Tensor.Zeros([2, 3], DType.Int32), Tensor.Zeros([2, 3])));
        FitOptions mixing = TestModels.Quiet with { BatchSize = 10, Augmentation = new MixUp() };
        NormalizationLayerTests.Says<DTypeException>("one-hot", () => TestModels.Classifier().Fit(TestModels.Points(20), mixing));
        NormalizationLayerTests.Says<OptionException>("weights", () => Classifier().Fit(OneHotPoints(20), mixing with { ClassWeights = new Dictionary<int, double> { [0] = 2 } }));
        NormalizationLayerTests.Says<ModelException>("variables", () => Classifier().Fit(OneHotPoints(20), mixing with { Augmentation = new WithParameter() }));
        NormalizationLayerTests.Says<ShapeException>("must keep the types", () => Classifier().Fit(OneHotPoints(20), mixing with { Augmentation = new Widening() }));
    }

    private static ArrayDataset OneHotPoints(int count)
    {
        ArrayDataset points = TestModels.Points(count);
        Batch batch = points.CreateBatch(count);
        points.Fill(Enumerable.Range(0, count).ToArray(), batch);
        return Dataset.From(batch.Inputs[0], Tensor.From(batch.Targets[0]).OneHot(3).Evaluate());
    }

    private static Sequential Classifier()
    {
        var model = new Sequential(new Dense(8, Activation.Tanh), new Dropout(0.1), new Dense(3)) { Seed = 4 };
        model.Compile(new Adam(0.05), Loss.CategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        return model;
    }

    private sealed class WithParameter : PairAugmentation
    {
        private Parameter? _factor;

        protected override void Build(Shape inputShape) => _factor = AddParameter("factor", [], Initializer.Ones);

        protected override (Tensor Inputs, Tensor Targets) Call(Tensor inputs, Tensor targets) => (inputs * _factor!, targets);
    }

    private sealed class Widening : PairAugmentation
    {
        protected override (Tensor Inputs, Tensor Targets) Call(Tensor inputs, Tensor targets) => (inputs, Tensor.Concat(1, targets, targets));
    }
}
