using Anneal.Planning;
using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Mixed precision, checkpointing and accumulation as options of training.</summary>
public sealed class StepRewritingTests
{
    private static Dataset Data(int count = 64)
    {
        var random = new Random(5);
        float[] x = [.. Enumerable.Range(0, count * 8).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        int[] y = [.. Enumerable.Range(0, count).Select(i => x[i * 8] + x[i * 8 + 1] > 0 ? 1 : 0)];
        return Dataset.From(TensorData.From(x, [count, 8]), TensorData.From(y, [count]));
    }

    private static Sequential Classifier(double dropout = 0)
    {
        var layers = new List<Layer>();
        for (int i = 0; i < 6; i++)
        {
            layers.Add(new Dense(32, Activation.Tanh));
            layers.Add(new Dropout(dropout));
        }

        var model = new Sequential([.. layers, new Dense(2)]);
        model.Compile(new Adam(5e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        return model;
    }

    private static byte[][] Weights(Model model) => [.. model.Parameters.Select(p => p.Value.ToArray<float>().SelectMany(BitConverter.GetBytes).ToArray())];

    [Fact]
    public void CheckpointingChangesNoBit()
    {
        Sequential plain = Classifier(0.2), saving = Classifier(0.2);
        plain.Fit(Data(), new FitOptions { Epochs = 3, BatchSize = 16, Verbosity = Verbosity.Silent });
        saving.Fit(Data(), new FitOptions { Epochs = 3, BatchSize = 16, Verbosity = Verbosity.Silent, CheckpointEvery = 4 });
        Assert.Equal(Weights(plain), Weights(saving));
    }

    [Theory]
    [InlineData(ComputePrecision.Float32, 1)]
    [InlineData(ComputePrecision.BFloat16, 1)]
    [InlineData(ComputePrecision.Float32, 4)]
    [InlineData(ComputePrecision.BFloat16, 2)]
    public void CheckpointingChangesNoBitOfStatesAndParts(ComputePrecision precision, int parts)
    {
        static Sequential Make() => Compiled(
            new Adam(5e-3), new Dense(6, Activation.Tanh), new BatchNormalization(), new Dropout(0.1), new Dense(6) { ActivityRegularizer = new L2(0.1) },
            new BatchNormalization(), new Dense(6, Activation.Gelu), new Dense(2));
        var options = new FitOptions { Epochs = 3, BatchSize = 16, Verbosity = Verbosity.Silent, Precision = precision, AccumulationSteps = parts };
        Sequential plain = Make();
        History expected = plain.Fit(Data(40), options);
        foreach (int every in (int[])[1, 3, 7])
        {
            Sequential saving = Make();
            History actual = saving.Fit(Data(40), options with { CheckpointEvery = every });
            Assert.Equal(expected["loss"], actual["loss"]);
            TestModels.AssertSameBits(plain, saving);
        }
    }

    /// <summary>Sums over what loops over time give follow its memory, which is another one after a recomputation: the last bits may differ.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void CheckpointedLoopsDifferByRoundingOnly(int parts)
    {
        static Sequential Make() => Compiled(
            new Sgd(0.1), new Reshape([4, 2]), new Dense(6, Activation.Tanh), new BatchNormalization(),
            new Lstm(5, returnSequences: true, dropout: 0.2, recurrentDropout: 0.2), new Dropout(0.1), new BatchNormalization(),
            new Lstm(4) { ActivityRegularizer = new L2(0.1) }, new Dense(6, Activation.Gelu), new Dense(2));
        var options = new FitOptions { Epochs = 2, BatchSize = 16, Verbosity = Verbosity.Silent, AccumulationSteps = parts };
        Sequential plain = Make();
        plain.Fit(Data(40), options);
        foreach (int every in (int[])[1, 3, 7])
        {
            Sequential saving = Make();
            saving.Fit(Data(40), options with { CheckpointEvery = every });
            foreach ((Parameter a, Parameter b) in plain.Parameters.Zip(saving.Parameters))
                Assert.All(a.Value.ToArray<float>().Zip(b.Value.ToArray<float>()), v => Assert.Equal(v.First, v.Second, 2e-6f));
        }
    }

    private static Sequential Compiled(Optimizer optimizer, params Layer[] layers)
    {
        var model = new Sequential(layers);
        model.Compile(optimizer, Loss.SparseCategoricalCrossentropy(fromLogits: true));
        return model;
    }

    [Fact]
    public void CheckpointingSavesMemory()
    {
        long Bytes(int every)
        {
            var model = new Sequential([.. Enumerable.Range(0, 16).Select(_ => (Layer)new Dense(16, Activation.Gelu)), new Dense(2)]);
            model.Compile(new Sgd(), Loss.SparseCategoricalCrossentropy(fromLogits: true));
            Plan plan = model.CompiledStep(model.RequireSetup(), Data(), 64, true, false, new StepOptions { CheckpointEvery = every }).Compiled.Plan;
            return plan.ArenaBytes;
        }

        Assert.True(Bytes(4) < 0.6 * Bytes(0), $"{Bytes(4)} of {Bytes(0)} bytes.");
    }

    [Theory]
    [InlineData(ComputePrecision.BFloat16)]
    [InlineData(ComputePrecision.Float16)]
    public void MixedPrecisionLearnsAsWell(ComputePrecision precision)
    {
        Sequential plain = Classifier(), mixed = Classifier();
        double first = plain.Fit(Data(), new FitOptions { Epochs = 20, BatchSize = 16, Verbosity = Verbosity.Silent }).Epochs[^1]["loss"];
        History history = mixed.Fit(Data(), new FitOptions { Epochs = 20, BatchSize = 16, Verbosity = Verbosity.Silent, Precision = precision });
        Assert.Equal(first, history.Epochs[^1]["loss"], 0.1);
        Assert.NotEqual(Weights(plain), Weights(mixed));
        Assert.True(history.Epochs[^1]["accuracy"] > 0.9);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    public void PartsMakeTheStepOfTheWholeBatch(int parts)
    {
        // The last batch of 70 examples is smaller, and so is its last part.
        Sequential whole = Classifier(), divided = Classifier();
        var options = new FitOptions { Epochs = 3, BatchSize = 16, Verbosity = Verbosity.Silent };
        History expected = whole.Fit(Data(70), options), actual = divided.Fit(Data(70), options with { AccumulationSteps = parts });
        for (int i = 0; i < whole.Parameters.Count; i++)
        {
            double[] a = [.. whole.Parameters[i].Value.ToArray<float>().Select(v => (double)v)], b = [.. divided.Parameters[i].Value.ToArray<float>().Select(v => (double)v)];

            // Adam divides by the root of small squares, which enlarges the rounding of the other order of addition.
            Anneal.Testing.Comparer.AssertClose(whole.Parameters[i].Shape, a, whole.Parameters[i].Shape, b, new Anneal.Testing.Tolerance(2e-4, 1e-4), whole.Parameters[i].Name);
        }

        Assert.Equal(expected.Epochs[^1]["loss"], actual.Epochs[^1]["loss"], 1e-4);
        Assert.Equal(3 * 5, divided.Setup!.OptimizerState.Step);
    }

    [Fact]
    public void PartsAreWeighedByWhatCountsInThem()
    {
        // Class weights and ignored labels make the parts count differently.
        var random = new Random(8);
        Dataset data = Dataset.From(
            TensorData.From([.. Enumerable.Range(0, 32 * 8).Select(_ => (float)random.NextDouble())], [32, 8]),
            TensorData.From([.. Enumerable.Range(0, 32).Select(i => i % 5 == 0 || i < 4 ? -100 : i % 2)], [32]));
        float[] Train(int parts)
        {
            Sequential model = new(new Dense(3, Activation.Tanh), new Dense(2));
            model.Compile(new Sgd(0.5), Loss.SparseCategoricalCrossentropy(fromLogits: true));
            model.Fit(data, new FitOptions
            {
                BatchSize = 32,
                AccumulationSteps = parts,
                Verbosity = Verbosity.Silent,
                Shuffle = false,
                ClassWeights = new Dictionary<int, double> { [0] = 3 },
            });
            return model.Parameters[0].Value.ToArray<float>();
        }

        float[] whole = Train(1), divided = Train(8);
        for (int i = 0; i < whole.Length; i++)
            Assert.Equal(whole[i], divided[i], 2e-7);
    }

    [Fact]
    public void ScaledLossesGiveTheSameGradients()
    {
        float[] Train(LossScaling? scaling)
        {
            Sequential model = Classifier();
            model.Fit(Data(), new FitOptions { Epochs = 2, BatchSize = 16, Verbosity = Verbosity.Silent, LossScaling = scaling });
            return [.. model.Parameters.SelectMany(p => p.Value.ToArray<float>())];
        }

        // A power of two changes exponents only.
        Assert.Equal(Train(null), Train(new LossScaling { InitialScale = 1024 }));
    }

    [Fact]
    public void StepsWhoseGradientsOverflowAreSkippedAndCounted()
    {
        Sequential model = Classifier();
        var scales = new List<double>();
        long skipped = 0;
        var callback = new LambdaCallback
        {
            BatchEnd = run =>
            {
                scales.Add(run.LossScale);
                skipped = run.SkippedSteps;
            },
        };
        model.Fit(Data(), new FitOptions
        {
            Epochs = 2,
            BatchSize = 16,
            Verbosity = Verbosity.Silent,
            Precision = ComputePrecision.Float16,
            Callbacks = [callback],
            LossScaling = new LossScaling { InitialScale = 1e30, GrowthInterval = 3, BackoffFactor = 1e-8 },
        });
        Assert.True(skipped >= 2, $"{skipped} steps skipped.");
        Assert.Equal(8 - skipped, model.Setup!.OptimizerState.Step);
        Assert.True(scales[0] < 1e29 && scales[^1] > scales.Min(), string.Join(", ", scales));
        Assert.All(model.Parameters, p => Assert.All(p.Value.ToArray<float>(), v => Assert.True(float.IsFinite(v))));
    }

    [Fact]
    public void SkippingForEverEndsTraining()
    {
        Sequential model = Classifier();
        model.Build([8]);
        byte[][] before = Weights(model);
        var options = new FitOptions
        {
            Epochs = 9,
            BatchSize = 16,
            Verbosity = Verbosity.Silent,
            Precision = ComputePrecision.Float16,
            LossScaling = new LossScaling { InitialScale = 1e30, BackoffFactor = 1 - 1e-9, MaximumSkipped = 5 },
        };
        var exception = Assert.Throws<NonFiniteGradientException>(() => model.Fit(Data(), options));
        Assert.Equal((2, 2, "dense/kernel"), (exception.Epoch, exception.Step, exception.Parameter));
        Assert.Equal(before, Weights(model));
        Assert.Equal(0, model.Setup!.OptimizerState.Step);
    }

    [Fact]
    public void AScaleIsSavedAndGoesOn()
    {
        using var folder = new TemporaryFolder();
        var options = new FitOptions
        {
            Epochs = 2,
            BatchSize = 16,
            Verbosity = Verbosity.Silent,
            Precision = ComputePrecision.Float16,
            AccumulationSteps = 2,
            LossScaling = new LossScaling { InitialScale = 256, GrowthInterval = 3 },
        };
        Sequential straight = Classifier(0.1), stopped = Classifier(0.1);
        straight.Fit(Data(), options with { Epochs = 4 });
        stopped.Fit(Data(), options);
        stopped.Save(folder.Path);
        Model loaded = Model.Load(folder.Path);
        loaded.Fit(Data(), options);
        Assert.Equal(Weights(straight), Weights(loaded));
        Assert.Equal(straight.Setup!.LossScaler!.Scale, loaded.Setup!.LossScaler!.Scale);
    }

    [Fact]
    public void WrongOptionsAreTypedErrors()
    {
        Sequential model = Classifier();
        void Fails(FitOptions options, string part) => Assert.Contains(part, Assert.Throws<OptionException>(() => model.Fit(Data(), options)).Message);
        Fails(new FitOptions { BatchSize = 16, AccumulationSteps = 3 }, "no multiple of 3");
        Fails(new FitOptions { BatchSize = 16, AccumulationSteps = 0 }, "AccumulationSteps");
        Fails(new FitOptions { BatchSize = 16, CheckpointEvery = -1 }, "CheckpointEvery");
        Fails(new FitOptions { BatchSize = 16, LossScaling = new LossScaling { InitialScale = 0 } }, "InitialScale");
        Fails(new FitOptions { BatchSize = 16, Precision = (ComputePrecision)7 }, "Precision");
    }

    /// <summary>1 - 1e-7 is 1 in 16 bits: a loss of such a prediction was once infinite.</summary>
    [Theory]
    [InlineData(ComputePrecision.BFloat16)]
    [InlineData(ComputePrecision.Float16)]
    public void ASaturatedPredictionHasAFiniteLoss(ComputePrecision precision)
    {
        var model = new Sequential(new Dense(1, Activation.HardSigmoid, kernelInitializer: new Constant(100)));
        model.Compile(new Sgd(1e-3), Loss.BinaryCrossentropy());
        TensorData inputs = TensorData.From<float>([1, 1, 1, 1], [4, 1]), targets = TensorData.From<float>([1, 0, 1, 0], [4, 1]);
        History history = model.Fit(
            Dataset.From(inputs, targets), new FitOptions { Epochs = 1, BatchSize = 4, Verbosity = Verbosity.Silent, Precision = precision });
        Assert.Equal(8.06, history.Epochs[0]["loss"], 0.1);
    }
}
