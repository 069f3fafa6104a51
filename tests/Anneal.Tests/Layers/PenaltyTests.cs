using System.Text.Json.Nodes;

namespace Anneal.Tests;

/// <summary>Regularizers, constraints and added losses, in training, evaluation and loops of one's own.</summary>
public class PenaltyTests
{
    private static readonly TensorData One = TensorData.From<float>([1], [1, 1]), Two = TensorData.From<float>([1, 3], [2, 1]);

    public static TheoryData<Regularizer, double> Penalties => new()
    {
        { new L1(0.1), 0.1 * (1 + 2 + 0.5) }, { new L2(0.1), 0.1 * (1 + 4 + 0.25) }, { new L1L2(0.1, 0.2), 0.1 * 3.5 + 0.2 * 5.25 }, { new L1L2(), 0 },
    };

    [Theory]
    [MemberData(nameof(Penalties))]
    public void PenaltiesAreSums(Regularizer regularizer, double expected) =>
        Assert.Equal(expected, regularizer.Penalty(Tensor.From(1f, -2, 0.5f)).Item<float>(), 6);

    [Fact]
    public void ConstraintsAreKeras()
    {
        Tensor w = Tensor.From(new float[,] { { 3, 0.3f }, { -4, 0.4f } });
        Near([3 * 2 / 5.0, 0.3, -4 * 2 / 5.0, 0.4], new MaxNorm(2).Apply(w));
        Near([3 / Math.Sqrt(9.09), 0.3 / Math.Sqrt(9.09), -4 / Math.Sqrt(16.16), 0.4 / Math.Sqrt(16.16)], new UnitNorm(1).Apply(w));
        Near([3 / Math.Sqrt(25.25), 0.3 / Math.Sqrt(25.25), -4 / Math.Sqrt(25.25), 0.4 / Math.Sqrt(25.25)], new UnitNorm(0, 1).Apply(w));
        Near([3, 0.3, 0, 0.4], new NonNegative().Apply(w));
        Near([0, 0], new MaxNorm().Apply(Tensor.Zeros([2, 1])));

        static void Near(double[] expected, Tensor actual) => Assert.Equal(expected, actual.ToArray<float>().Select(x => (double)x), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void APenaltyEntersTheLossAndTheStep()
    {
        // Loss (2 - 1)² + 0.1 · 2², derivative 2 · (2 - 1) + 0.2 · 2.
        Sequential model = Linear(new Dense(1, useBias: false, kernelInitializer: new Constant(2)) { KernelRegularizer = new L2(0.1) });
        Assert.Equal(1.4, model.Evaluate(One, One).Loss, 6);
        Assert.Equal(1.4, model.Fit(One, One, TestModels.Quiet with { BatchSize = 1 })["loss"][0], 6);
        Assert.Equal(2 - 0.1 * 2.4, model.Parameters[0].Value.ToArray<float>()[0], 6);
    }

    [Fact]
    public void ALastSmallerBatchWeighsThePenaltyByItsExamples()
    {
        Sequential model = Linear(new Dense(1, useBias: false, kernelInitializer: new Constant(2)) { ActivityRegularizer = new L1(0.5) });
        model.Compile(new Sgd(0), Loss.MeanSquaredError());
        TensorData x = TensorData.From<float>([1, 1, 4], [3, 1]);

        // The activities 2, 2 and 8: 0.5 · 2 for the batch of two, 0.5 · 8 for that of one.
        double expected = (0 + 0 + 0 + 2 * 1.0 + 1 * 4.0) / 3;
        TensorData y = TensorData.From<float>([2, 2, 8], [3, 1]);
        Assert.Equal(expected, model.Evaluate(x, y, batchSize: 2).Loss, 6);
        History history = model.Fit(Dataset.From(x, y), TestModels.Quiet with { BatchSize = 2, Shuffle = false, ValidationData = Dataset.From(x, y) });
        Assert.Equal(expected, history["loss"][0], 6);
        Assert.Equal(expected, history["val_loss"][0], 6);
    }

    [Fact]
    public void BiasAndOtherVariablesHavePenalties()
    {
        var layer = new Dense(1, biasInitializer: new Constant(3), kernelInitializer: new Constant(2)) { BiasRegularizer = new L1(0.1) };
        Assert.Equal((2 + 3 - 1) * (2 + 3 - 1) + 0.3, Linear(layer).Evaluate(One, One).Loss, 5);
        var table = new Embedding(2, 1, new Constant(2)) { Regularizers = new Dictionary<string, Regularizer> { ["embeddings"] = new L2(0.1) } };
        var model = new Sequential(table, new Flatten());
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
        Assert.Equal(1 + 0.8, model.Evaluate(TensorData.From([0], [1, 1]), One).Loss, 6);
    }

    [Fact]
    public void LossWeightsDoNotWeighPenaltiesOfSeveralOutputs()
    {
        var input = new Input([1]);
        LayerOutput a = new Dense(1, useBias: false, kernelInitializer: new Constant(2), name: "a") { KernelRegularizer = new L2(0.1) }.Apply(input);
        LayerOutput b = new Dense(1, useBias: false, kernelInitializer: new Constant(3), name: "b").Apply(input);
        var model = new Model([input], [a, b]);
        model.Compile(new Sgd(0), [Loss.MeanSquaredError(), Loss.MeanSquaredError()], lossWeights: [2, 0.5]);
        EvaluationResult result = model.Evaluate(new ArrayDataset([One], [One, One]));
        Assert.Equal((2 * 1 + 0.5 * 4 + 0.4, 1, 4), (Math.Round(result.Loss, 5), Math.Round(result["a_loss"], 5), Math.Round(result["b_loss"], 5)));
    }

    [Fact]
    public void ASharedLayerOfANestedModelCountsItsWeightsOnceAndItsActivitiesEachTime()
    {
        var shared = new Dense(1, useBias: false, kernelInitializer: new Constant(2), name: "shared")
        {
            KernelRegularizer = new L1(0.1),
            ActivityRegularizer = new L1(0.01),
        };
        var inner = new Sequential("inner", shared);
        var input = new Input([1]);
        var model = new Model(input, inner.Apply(inner.Apply(input)));
        model.Compile(new Sgd(0), Loss.MeanSquaredError());
        Assert.Equal(9 + 0.2 + 0.01 * (2 + 4), model.Evaluate(One, One).Loss, 5);
    }

    [Fact]
    public void ALayerAddsToTheLoss()
    {
        var model = new Sequential(new Dense(1, useBias: false, kernelInitializer: new Constant(2)), new PullToZero());
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
        Assert.Equal((1 + 25) / 2.0 + 0.5 * (4 + 36) / 2, model.Evaluate(Two, TensorData.From<float>([1, 1], [2, 1])).Loss, 5);
        model.Fit(Two, TensorData.From<float>([2, 6], [2, 1]), TestModels.Quiet with { BatchSize = 2 });

        // The error is 0; of 0.5 · mean((x w)²) the derivative is mean(x² w).
        Assert.Equal(2 - 0.1 * 2 * (1 + 9) / 2, model.Parameters[0].Value.ToArray<float>()[0], 5);
        Assert.Equal([2f], new PullToZero().Apply(Tensor.From(new float[,] { { 2 } })).ToArray<float>());
    }

    [Fact]
    public void LossesCanBeReadInALoopOfOnesOwn()
    {
        var model = new Sequential(
            new Dense(1, useBias: false, kernelInitializer: new Constant(2)) { KernelRegularizer = new L2(0.1), ActivityRegularizer = new L1(1) }, new PullToZero());
        model.Build(1);
        Program program = Program.Compile(x => [model.Apply(x[0]), .. model.Losses, .. model.Layers[1].Losses]);
        TensorData[] results = program.RunAll(One);
        Assert.Equal([2f, 0.4f, 2f, 2f, 2f], results.Select(r => r.ToArray<float>()[0]));
        Assert.Throws<TraceException>(() => model.Losses);
    }

    [Fact]
    public void ConstraintsHoldAfterEachStep()
    {
        var layer = new Dense(2, kernelInitializer: new Constant(1), biasInitializer: new Constant(1))
        {
            KernelConstraint = new MaxNorm(0.5),
            BiasConstraint = new NonNegative(),
        };
        var model = new Sequential(layer);
        model.Compile(new Sgd(1) { AverageMomentum = 0 }, Loss.MeanSquaredError());
        model.Build(3);
        Assert.Equal(1f, layer.Kernel!.Value.ToArray<float>()[0]);
        TensorData x = TensorData.From<float>([1, 2, 3], [1, 3]), y = TensorData.From<float>([-50, 50], [1, 2]);
        model.Fit(x, y, TestModels.Quiet with { BatchSize = 1 });
        float[] kernel = layer.Kernel!.Value.ToArray<float>(), bias = layer.Bias!.Value.ToArray<float>();
        Assert.Equal(0.5, Math.Sqrt(kernel[0] * kernel[0] + kernel[2] * kernel[2] + kernel[4] * kernel[4]), 5);
        Assert.Equal(0, bias[0]);
        Assert.True(bias[1] > 1);

        // The running mean follows what the constraint left.
        model.OverwriteWithAveragedWeights();
        Assert.Equal(kernel, layer.Kernel!.Value.ToArray<float>());
    }

    [Fact]
    public void AConstraintHoldsInALoopOfOnesOwn()
    {
        var parameter = new Parameter(TensorData.From<float>([1, 1]), "p") { Constraint = new NonNegative().Apply };
        var optimizer = new Sgd(1);
        OptimizerState state = optimizer.CreateState([parameter]);
        Program.Compile(x =>
        {
            optimizer.Apply(state, [parameter], x);
            return [];
        }).RunAll(TensorData.From<float>([0.5f, 3]));
        Assert.Equal([0.5f, 0], parameter.Value.ToArray<float>());
    }

    [Fact]
    public void PenaltiesAreSavedWithEveryKindOfLayer()
    {
        using var folder = new TestFolder();
        var model = new Sequential(
            new Conv2D(2, 3) { KernelRegularizer = new L1(0.1), KernelConstraint = new MaxNorm(0.3, 0, 1, 2) },
            new Flatten() { ActivityRegularizer = new L2(0.001) },
            new Dense(2) { BiasRegularizer = new L1L2(0.1, 0.2), BiasConstraint = new NonNegative(), KernelConstraint = new UnitNorm() });
        model.Compile(new Adam(0.01), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        ArrayDataset data = TestModels.Pictures(16);
        FitOptions options = TestModels.Quiet with { BatchSize = 8, Epochs = 2 };
        model.Fit(data, options);
        model.Save(folder.Path);
        var loaded = Model.Load<Sequential>(folder.Path);
        foreach ((Layer a, Layer b) in model.Layers.Zip(loaded.Layers))
        {
            Assert.Equal(a.Regularizers, b.Regularizers);
            Assert.Equal(a.ActivityRegularizer, b.ActivityRegularizer);
            Assert.Equal(LayerRegistry.Write(a).Values.ToJsonString(), LayerRegistry.Write(b).Values.ToJsonString());
        }

        Assert.Equal(model.Fit(data, options)["loss"], loaded.Fit(data, options)["loss"]);
        TestModels.AssertSameBits(model, loaded);
    }

    [Fact]
    public void AnUnknownVariableIsNamed()
    {
        Says(new Flatten() { KernelRegularizer = new L2() }, "kernel", "none", "flatten");
        Says(new Dense(1, useBias: false) { BiasConstraint = new NonNegative() }, "bias", "it has kernel", "dense");
        Says(new Dense(1) { Regularizers = new Dictionary<string, Regularizer> { ["kernal"] = new L2() } }, "'kernal'", "kernel, bias");
        Says(new Dense(1) { KernelConstraint = new MaxNorm(1, 2) }, "kernel", "MaxNorm", "axes 2");

        static void Says(Layer layer, params string[] words)
        {
            var model = new Sequential(layer);
            string message = Assert.Throws<OptionException>(() => model.Build(3)).Message;
            Assert.All(words, w => Assert.Contains(w, message));
            Assert.False(layer.IsBuilt);
        }
    }

    [Fact]
    public void BadArgumentsAreNamed()
    {
        Assert.Contains("factor", Assert.Throws<OptionException>(() => new L2(-1)).Message);
        Assert.Contains("l1", Assert.Throws<OptionException>(() => new L1L2(double.NaN)).Message);
        Assert.Contains("maximum", Assert.Throws<OptionException>(() => new MaxNorm(-1)).Message);
        Assert.Contains("axes", Assert.Throws<OptionException>(() => new UnitNorm(1, 1)).Message);
        Assert.Contains("axes", Assert.Throws<OptionException>(() => new UnitNorm(-1)).Message);
        Assert.Throws<ShapeException>(() => new Flatten().AddLoss(Tensor.Zeros(2)));
        Assert.Throws<DTypeException>(() => new Flatten().AddLoss(Tensor.Zeros([], DType.Int32)));
        JsonObject stored = LayerRegistry.Write(new Dense(1) { KernelRegularizer = new L2() }).Values;
        stored["regularizers"]!["kernel"]!["type"] = "L3";
        Assert.Contains("L3", Assert.Throws<ModelFileException>(() => LayerRegistry.Read(new LayerConfig("test", stored, "test"))).Message);
    }

    private static Sequential Linear(Layer layer)
    {
        var model = new Sequential(layer);
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
        return model;
    }

    /// <summary>Passes its input on and adds half of its mean square to the loss.</summary>
    private sealed class PullToZero : Layer
    {
        protected override Tensor Call(Tensor input)
        {
            AddLoss(Tensor.Square(input).Mean() * 0.5);
            return input;
        }
    }
}
