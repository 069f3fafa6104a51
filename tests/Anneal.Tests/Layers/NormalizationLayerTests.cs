using Anneal.Reference;
using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Normalizations against their definitions in plain loops.</summary>
public sealed class NormalizationLayerTests
{
    private static readonly Tolerance Close = new(4e-6, 4e-6) { Larger = true };

    public static TheoryData<long[], int> Shapes => new()
    {
        { [8, 3], -1 },
        { [2, 1], 1 },
        { [4, 5, 3], 2 },
        { [4, 5, 3], 1 },
        { [3, 4, 5, 2], -1 },
        { [3, 4, 5, 2], -2 },
        { [70, 1, 300], -1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void BatchesAreNormalizedChannelByChannel(long[] extents, int axis)
    {
        Shape shape = extents;
        int channelAxis = axis < 0 ? axis + shape.Rank : axis;
        double[] x = Values.Uniform(shape.ElementCount, -2, 5, 3);
        var layer = new BatchNormalization(
            axis, momentum: 0.8, epsilon: 1e-3, betaInitializer: new RandomNormal(0, 1), gammaInitializer: new RandomNormal(1, 1),
            movingMeanInitializer: new Constant(0.5), movingVarianceInitializer: new Constant(2));
        TensorData y = Train(layer, x, shape);
        long channels = shape[channelAxis], inner = shape[(channelAxis + 1)..].ElementCount;
        double[] gamma = Values.ToDoubles(layer.Gamma!.Value), beta = Values.ToDoubles(layer.Beta!.Value);
        var expected = new double[x.Length];
        var movingMean = new double[channels];
        var movingVariance = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            int[] members = [.. Enumerable.Range(0, x.Length).Where(i => i / inner % channels == c)];
            (double mean, double variance) = Moments(members.Select(i => x[i]));
            foreach (int i in members)
                expected[i] = (x[i] - mean) / Math.Sqrt(variance + 1e-3) * gamma[c] + beta[c];
            movingMean[c] = 0.8 * 0.5 + 0.2 * mean;
            movingVariance[c] = 0.8 * 2 + 0.2 * variance * members.Length / (members.Length - 1);
        }

        AssertClose(expected, y);
        AssertClose(movingMean, layer.MovingMean!.Value);
        AssertClose(movingVariance, layer.MovingVariance!.Value);
    }

    [Fact]
    public void InferenceUsesTheMovingAverages()
    {
        var layer = new BatchNormalization(
            epsilon: 0.5, movingMeanInitializer: new Constant(3), movingVarianceInitializer: new Constant(3.5), betaInitializer: new Constant(1));
        Assert.Equal([1f, 1.5f, 0.5f], layer.Apply(Tensor.From<float>([3, 4, 2], [1, 1, 3])).ToArray<float>());
        Assert.Equal([3f, 3, 3], layer.MovingMean!.Value.ToArray<float>());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void MaskedStepsDoNotEnterTheStatistics(int axis)
    {
        bool[] counts = [true, true, false, true, false, false];
        double[] x = Values.Uniform(12, -1, 1, 4);
        x[4] = x[11] = double.NaN;
        var layer = new BatchNormalization(axis, momentum: 0, epsilon: 1e-5);
        TensorData y = Train(layer, x, [2, 3, 2], counts);
        var mean = new double[axis == 1 ? 3 : 2];
        var variance = new double[mean.Length];
        var seen = new int[mean.Length];
        for (int c = 0; c < mean.Length; c++)
        {
            double[] members = [.. Enumerable.Range(0, 12).Where(i => counts[i / 2] && (axis == 1 ? i / 2 % 3 : i % 2) == c).Select(i => x[i])];
            (mean[c], variance[c]) = members.Length == 0 ? (0, 0) : Moments(members);
            seen[c] = members.Length;
        }

        for (int i = 0; i < 12; i++)
        {
            int c = axis == 1 ? i / 2 % 3 : i % 2;
            double expected = (x[i] - mean[c]) / Math.Sqrt(variance[c] + 1e-5);
            if (counts[i / 2])
                Assert.Equal(expected, y.GetDouble(i), 1e-5);
        }

        // Where masks leave at most one value, the averages stay at their first values.
        AssertClose([.. mean.Select((m, c) => seen[c] > 1 ? m : 0)], layer.MovingMean!.Value);
        AssertClose([.. variance.Select((v, c) => seen[c] > 1 ? v * seen[c] / (seen[c] - 1) : 1)], layer.MovingVariance!.Value);
    }

    [Fact]
    public void MaskedGradientsAreThoseOfFiniteDifferences()
    {
        GradientCheck.Run("masked", [new TensorType(DType.Float64, [3, 4, 2])], [Values.Uniform(24, -1, 1, 8)], x =>
        {
            Tensor counted = Tensor.From([true, true, false, true, false, false, true, true, true, true, false, true], [3, 4, 1]);
            return [x[0].BatchNorm(2, null, null, 1e-3, counted).Output];
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AFrozenLayerKeepsItsAverages(bool freezeTheModel)
    {
        // Without center and scale no parameter of the layer tells the two programs apart.
        var layer = new BatchNormalization(center: false, scale: false);
        var inner = new Sequential(layer);
        var model = new Sequential(new Dense(2), inner, new Dense(3));
        model.Compile(new Sgd(0.1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Fit(TestModels.Points(20), TestModels.Quiet with { BatchSize = 10 });
        byte[] before = layer.MovingMean!.Value.AsBytes().ToArray();
        (freezeTheModel ? (Layer)inner : layer).Trainable = false;
        model.Fit(TestModels.Points(20), TestModels.Quiet with { BatchSize = 10 });
        Assert.Equal(before, layer.MovingMean.Value.AsBytes().ToArray());
        inner.Trainable = layer.Trainable = true;
        model.Fit(TestModels.Points(20), TestModels.Quiet with { BatchSize = 10 });
        Assert.NotEqual(before, layer.MovingMean.Value.AsBytes().ToArray());
    }

    [Fact]
    public void AFrozenLayerNormalizesAsInInference()
    {
        var layer = new BatchNormalization(movingMeanInitializer: new Constant(2)) { Trainable = false };
        double[] x = Values.Uniform(6, 0, 1, 1);
        TensorData y = Train(layer, x, [3, 2]);
        AssertClose([.. x.Select(v => (v - 2) / Math.Sqrt(1 + 1e-5))], y);
    }

    [Fact]
    public void OneValueHasNoVariance()
    {
        var layer = new BatchNormalization(name: "bn");
        Assert.Equal([1, 2], layer.Apply(Tensor.Zeros([1, 2])).Shape);
        var mistake = Assert.Throws<ShapeException>(() => Train(layer, [1, 2], [1, 2]));
        Assert.Contains("Layer bn", mistake.Message);
        Assert.Contains("one value has no variance", mistake.Message);
        Assert.Contains("Hint", mistake.Message);
        AssertClose([0, 0, 0, 0], Train(new BatchNormalization(), [1, 2, 1, 2], [1, 2, 2]));
    }

    [Fact]
    public void ASingleExampleThatIsLeftOverIsFoundBeforeTheFirstStep()
    {
        var model = new Sequential(new Dense(2), new BatchNormalization(), new Dense(3));
        model.Compile(new Sgd(0.1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Build([2]);
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        var mistake = Assert.Throws<ShapeException>(() => model.Fit(TestModels.Points(21), TestModels.Quiet with { BatchSize = 10 }));
        Assert.Contains("batch_normalization", mistake.Message);
        Assert.All(TestModels.Bits(model), v => Assert.Equal(before[v.Key], v.Value));
    }

    [Theory]
    [InlineData(new int[] { -1 })]
    [InlineData(new int[] { 1 })]
    [InlineData(new int[] { -1, 1 })]
    public void ExamplesAreNormalizedOverTheirAxes(int[] axes)
    {
        Shape shape = [3, 4, 5];
        double[] x = Values.Uniform(60, -2, 5, 5);
        var layer = new LayerNormalization(axes, 1e-3, betaInitializer: new RandomNormal(0, 1), gammaInitializer: new RandomNormal(1, 1));
        TensorData y = Infer(layer, x, shape);
        bool first = axes.Contains(1), second = axes.Contains(-1);
        Assert.Equal(first && second ? [4, 5] : first ? [4] : [5], layer.Gamma!.Shape);
        double[] gamma = Values.ToDoubles(layer.Gamma.Value), beta = Values.ToDoubles(layer.Beta!.Value);
        var expected = new double[60];
        for (int i = 0; i < 60; i++)
        {
            (int n, int a, int b) = (i / 20, i / 5 % 4, i % 5);
            (double mean, double variance) = Moments(Enumerable.Range(0, 60)
                .Where(j => j / 20 == n && (first || j / 5 % 4 == a) && (second || j % 5 == b)).Select(j => x[j]));
            int at = first && second ? a * 5 + b : first ? a : b;
            expected[i] = (x[i] - mean) / Math.Sqrt(variance + 1e-3) * gamma[at] + beta[at];
        }

        AssertClose(expected, y);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void RootMeanSquares(int axis)
    {
        double[] x = Values.Uniform(60, -2, 5, 5);
        var layer = new RmsNormalization(axis, 1e-3, new RandomNormal(1, 1));
        TensorData y = Infer(layer, x, [3, 4, 5]);
        double[] scale = Values.ToDoubles(layer.Scale!.Value);
        var expected = new double[60];
        for (int i = 0; i < 60; i++)
        {
            double square = Enumerable.Range(0, 60).Where(j => j / 20 == i / 20 && (axis == 1 ? j % 5 == i % 5 : j / 5 == i / 5)).Average(j => x[j] * x[j]);
            expected[i] = x[i] / Math.Sqrt(square + 1e-3) * scale[axis == 1 ? i / 5 % 4 : i % 5];
        }

        AssertClose(expected, y);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void GroupsOfChannelsAreNormalized(int groups)
    {
        Shape shape = [2, 3, 2, 6];
        double[] x = Values.Uniform(72, -2, 5, 6);
        var layer = new GroupNormalization(groups, 1e-3, betaInitializer: new RandomNormal(0, 1), gammaInitializer: new RandomNormal(1, 1));
        TensorData y = Infer(layer, x, shape);
        double[] gamma = Values.ToDoubles(layer.Gamma!.Value), beta = Values.ToDoubles(layer.Beta!.Value);
        int each = 6 / groups;
        var expected = new double[72];
        for (int i = 0; i < 72; i++)
        {
            (double mean, double variance) = Moments(Enumerable.Range(0, 72).Where(j => j / 36 == i / 36 && j % 6 / each == i % 6 / each).Select(j => x[j]));
            expected[i] = (x[i] - mean) / Math.Sqrt(variance + 1e-3) * gamma[i % 6] + beta[i % 6];
        }

        AssertClose(expected, y);
        if (groups == 6)
        {
            var instance = new InstanceNormalization(1e-3);
            Infer(instance, x, shape);
            instance.Gamma!.Value = layer.Gamma.Value;
            instance.Beta!.Value = layer.Beta.Value;
            AssertClose(expected, Infer(instance, x, shape));
        }
    }

    [Theory]
    [InlineData("layer")]
    [InlineData("rms")]
    [InlineData("group")]
    [InlineData("instance")]
    [InlineData("batch")]
    [InlineData("batch with")]
    public void GradientsAgreeWithFiniteDifferences(string kind)
    {
        var type = new TensorType(DType.Float64, [3, 2, 2, 4]);
        var channels = new TensorType(DType.Float64, 4);
        GradientCheck.Run(
            kind, [type, channels, channels], [Values.Uniform(48, -2, 2, 1), Values.Uniform(4, 0.5, 2, 2), Values.Uniform(4, -1, 1, 3)],
            x => kind switch
            {
                "layer" => [x[0].LayerNorm([-1], x[1], x[2], 1e-2)],
                "rms" => [x[0].RmsNorm([-1], x[1], 1e-2) + x[2]],
                "group" => [x[0].GroupNorm(2, x[1], x[2], 1e-2)],
                "instance" => [x[0].InstanceNorm(x[1], x[2], 1e-2)],
                "batch" => [.. Outputs(x[0].BatchNorm(3, x[1], x[2], 1e-2))],
                _ => [x[0].BatchNormWith(3, x[2], x[1], x[2], x[1], 1e-2)],
            });

        static Tensor[] Outputs((Tensor Output, Tensor Mean, Tensor Variance) found) => [found.Output, found.Mean, found.Variance];
    }

    /// <summary>
    /// Far from 0 only the storage of the numbers costs digits: at 1e6 neighbours in float32 are 1/16 apart. The reference sees the same
    /// stored numbers.
    /// </summary>
    [Theory]
    [InlineData(1e3, 1e-5)]
    [InlineData(1e6, 1e-5)]
    [InlineData(-1e6, 1e-5)]
    public void HugeOffsetsKeepTheirDigits(double offset, double tolerance)
    {
        Shape shape = [512, 4];
        double[] x = [.. Values.Uniform(2048, -3, 3, 9).Select(v => (double)(float)(v + offset))];
        TensorData batch = Train(new BatchNormalization(), x, shape), layer = Infer(new LayerNormalization([1]), x, [4, 512]);
        for (int i = 0; i < x.Length; i++)
        {
            (double mean, double variance) = Moments(Enumerable.Range(0, 512).Select(j => x[j * 4 + i % 4]));
            Assert.Equal((x[i] - mean) / Math.Sqrt(variance + 1e-5), batch.GetDouble(i), tolerance);
            (mean, variance) = Moments(x.Skip(i / 512 * 512).Take(512));
            Assert.Equal((x[i] - mean) / Math.Sqrt(variance + 1e-5), layer.GetDouble(i), tolerance);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    [InlineData(1e6 / 3)]
    [InlineData(-1e9 / 7)]
    public void ConstantChannelsGiveTheOffset(double value)
    {
        double[] x = [.. Enumerable.Repeat((double)(float)value, 300)];
        Assert.All(Values.ToDoubles(Train(new BatchNormalization(), x, [100, 3])), v => Assert.Equal(0, v, 1e-3));
        Assert.All(Values.ToDoubles(Infer(new LayerNormalization(), x, [3, 100])), v => Assert.Equal(0, v, 1e-3));
    }

    [Theory]
    [InlineData(DType.Float16)]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float64)]
    public void OtherTypesAreComputedInAWiderOne(DType dtype)
    {
        // Squares of these overflow float16: 300² > 65504.
        Shape shape = [6, 2, 4];
        TensorData x = Values.ToData(Values.Uniform(48, -300, 300, 2), new TensorType(dtype, shape));
        foreach (Layer layer in (Layer[])[new BatchNormalization(), new LayerNormalization(), new RmsNormalization(), new GroupNormalization(2), new InstanceNormalization()])
        {
            var options = new ProgramOptions { Training = true, Device = new ReferenceDevice() };
            TensorData y = Program.Compile(a => layer.Apply(a), options).Run(x);
            TensorData wide = Program.Compile(a => layer.Apply(a.Cast(DType.Float32)), options).Run(x);
            Assert.Equal(dtype, y.DType);
            double allowed = dtype == DType.Float64 ? 1e-6 : 4 * Tolerances.Epsilon(dtype);
            Assert.Null(Comparer.Difference(Values.ToDoubles(wide), Values.ToDoubles(y), new Tolerance(allowed, allowed)));
        }
    }

    [Fact]
    public void AResumedTrainingGivesTheSameBits()
    {
        using var folder = new TestFolder();
        ArrayDataset data = TestModels.Points(50);
        FitOptions options = TestModels.Quiet with { Epochs = 2, BatchSize = 16 };
        Sequential whole = Normalized();
        whole.Fit(data, options);
        whole.Save(folder.Path);
        var resumed = Model.Load<Sequential>(folder.Path);
        History a = whole.Fit(data, options), b = resumed.Fit(data, options);
        Assert.Equal(a["loss"], b["loss"]);
        TestModels.AssertSameBits(whole, resumed);
    }

    [Fact]
    public void PredictionAfterTrainingUsesTheMovingAverages()
    {
        Sequential model = Normalized();
        model.Fit(TestModels.Points(48), TestModels.Quiet with { Epochs = 3, BatchSize = 16 });
        var layer = (BatchNormalization)model.Layers[1];
        TensorData x = TensorData.From<float>([1, 2, -3, 0.5f], [2, 2]);
        TensorData expected = Program.Compile(a =>
        {
            Tensor hidden = model.Layers[0].Apply(a);
            Tensor normalized = (hidden - layer.MovingMean!) / Tensor.Sqrt(layer.MovingVariance!.Read() + 1e-5) * layer.Gamma! + layer.Beta!;
            return model.Layers[3].Apply(model.Layers[2].Apply(normalized));
        }).Run(x);
        AssertClose(Values.ToDoubles(expected), model.Predict(x));
        Assert.NotEqual(1, layer.MovingVariance!.Value.GetDouble(0));

        // One example at a time gives the same: nothing depends on the batch.
        Assert.Equal(model.Predict(x).ToArray<float>(), model.Predict(x, batchSize: 1).ToArray<float>());
    }

    [Fact]
    public void AStepThatIsNotFiniteLeavesTheAverages()
    {
        Sequential model = Normalized();
        model.Build([2]);
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        Assert.Equal(2, model.States.Count);
        float[] x = [.. Enumerable.Range(0, 12).Select(i => i == 5 ? float.PositiveInfinity : i)];
        Dataset data = Dataset.From(TensorData.From(x, [6, 2]), TensorData.From([0, 1, 2, 0, 1, 2]));
        Assert.Throws<NonFiniteLossException>(() => model.Fit(data, TestModels.Quiet with { BatchSize = 6 }));
        Assert.All(TestModels.Bits(model), v => Assert.Equal(before[v.Key], v.Value));
    }

    [Fact]
    public void BadOptionsAreNamed()
    {
        Says<OptionException>("axis must not be 0", () => new BatchNormalization(0));
        Says<OptionException>("momentum", () => new BatchNormalization(momentum: 1));
        Says<OptionException>("epsilon", () => new LayerNormalization(epsilon: -1));
        Says<OptionException>("epsilon", () => new InstanceNormalization(double.NaN));
        Says<OptionException>("axes must be different", () => new LayerNormalization([1, 1]));
        Says<OptionException>("axes must be different", () => new LayerNormalization([]));
        Says<OptionException>("groups", () => new GroupNormalization(0));
        Says<OptionException>("axis must not be 0", () => new RmsNormalization(0));
    }

    [Fact]
    public void BadInputsAreNamed()
    {
        Says<ShapeException>("axis 3", () => new BatchNormalization(3, name: "x").Apply(Tensor.Zeros([2, 3, 4])));
        Says<ShapeException>("axis -3", () => new BatchNormalization(-3, name: "x").Apply(Tensor.Zeros([2, 3, 4])));
        Says<ShapeException>("twice", () => new LayerNormalization([2, -1], name: "x").Apply(Tensor.Zeros([2, 3, 4])));
        Says<ShapeException>("axis 2", () => new RmsNormalization(2, name: "x").Apply(Tensor.Zeros([2, 3])));
        Says<ShapeException>("multiple of 4", () => new GroupNormalization(4, name: "x").Apply(Tensor.Zeros([2, 3, 6])));
        Says<ShapeException>("more than one value", () => new GroupNormalization(3, name: "x").Apply(Tensor.Zeros([2, 3])));
        Says<ShapeException>("more than one place", () => new InstanceNormalization(name: "x").Apply(Tensor.Zeros([2, 3])));
        foreach (Layer layer in (Layer[])[new BatchNormalization(name: "x"), new LayerNormalization(name: "x"), new RmsNormalization(name: "x"), new GroupNormalization(1, name: "x"), new InstanceNormalization(name: "x")])
        {
            Says<DTypeException>("Layer x", () => layer.Apply(Tensor.Zeros([2, 3, 4], DType.Int32)));
            layer.Apply(Tensor.Zeros([2, 3, 4]));
            Says<ShapeException>("Layer x was built for", () => layer.Apply(Tensor.Zeros([2, 3, 5])));
        }
    }

    internal static void Says<T>(string part, Func<object> act) where T : Exception => Assert.Contains(part, Assert.Throws<T>(act).Message);

    private static Sequential Normalized()
    {
        var model = new Sequential(new Dense(8), new BatchNormalization(), new ActivationLayer(Activation.Relu), new Dense(3)) { Seed = 3 };
        model.Compile(new Adam(0.01), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        return model;
    }

    private static (double Mean, double Variance) Moments(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double mean = all.Average();
        return (mean, all.Average(v => (v - mean) * (v - mean)));
    }

    private static TensorData Train(Layer layer, double[] x, Shape shape, bool[]? counts = null) => Run(layer, x, shape, true, counts);

    private static TensorData Infer(Layer layer, double[] x, Shape shape) => Run(layer, x, shape, false, null);

    private static TensorData Run(Layer layer, double[] x, Shape shape, bool training, bool[]? counts) => Program.Compile(
        a =>
        {
            Tensor input = a * 1;
            if (counts is not null)
                Masks.Attach(input, Tensor.From(counts, shape[..2]));
            return layer.Apply(input);
        },
        new ProgramOptions { Training = training, Seed = 1 }).Run(Values.ToData(x, new TensorType(DType.Float32, shape)));

    private static void AssertClose(double[] expected, TensorData actual) =>
        Comparer.AssertClose(actual.Shape, expected, actual.Shape, Values.ToDoubles(actual), Close, "values");
}
