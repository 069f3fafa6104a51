using Anneal.Graphs;

namespace Anneal.Tests;

/// <summary>Penalties of parameters inside of other layers, and losses from within loops over time.</summary>
public sealed class InnerPenaltyTests
{
    private static readonly Dictionary<string, Regularizer> OfQuery = new() { ["query/kernel"] = new L2(0.1) };

    private static readonly FitOptions Pairs = TestModels.Quiet with { BatchSize = 2 };

    [Fact]
    public void APathNamesAParameterOfALayerInside()
    {
        var attention = new MultiHeadAttention(1, kernelInitializer: new Constant(0.5))
        {
            Regularizers = OfQuery,
            Constraints = new Dictionary<string, Constraint> { ["output/bias"] = new NonNegative() },
        };
        var model = new Sequential(attention);
        model.Compile(new Sgd(1), Loss.MeanSquaredError());
        TensorData x = TensorData.From<float>([1, 2, 3, 4], [1, 2, 2]), y = TensorData.From<float>([-50, 50, -50, 50], [1, 2, 2]);
        model.Build([2, 2]);
        double plain = Plain(new MultiHeadAttention(1, kernelInitializer: new Constant(0.5)), x, y);
        Assert.Equal(plain + 0.1 * 4 * 0.25, model.Evaluate(x, y).Loss, 2e-3);
        model.Fit(x, y, TestModels.Quiet with { BatchSize = 1 });
        float[] bias = model.Parameters.Single(p => p.Name.EndsWith("output/bias", StringComparison.Ordinal)).Value.ToArray<float>();
        Assert.Equal(0, bias[0]);
        Assert.True(bias[1] > 1);
    }

    [Fact]
    public void PathsOfBlocksAndModelsAreSaved()
    {
        using var folder = new TestFolder();
        var block = new TransformerEncoderBlock(2, 5, name: "block");
        var model = new Sequential(block, new Flatten(), new Dense(1, name: "last"))
        {
            Regularizers = new Dictionary<string, Regularizer> { ["last/kernel"] = new L1(1), ["block/attention/key/kernel"] = new L2(0.3) },
            Constraints = new Dictionary<string, Constraint> { ["last/kernel"] = new MaxNorm(0.5) },
        };
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
        TensorData x = TensorData.From([.. Enumerable.Range(0, 24).Select(i => i % 7 * 0.1f)], [2, 3, 4]), y = TensorData.From<float>([1, -1], [2, 1]);
        model.Fit(x, y, Pairs);
        model.Save(folder.Path);
        var loaded = Model.Load<Sequential>(folder.Path);
        Assert.Equal(model.Regularizers, loaded.Regularizers);
        Assert.Equal(model.Fit(x, y, Pairs)["loss"], loaded.Fit(x, y, Pairs)["loss"]);
        TestModels.AssertSameBits(model, loaded);
        Parameter kernel = loaded.Parameters.Single(p => p.Name == "last/kernel");
        Assert.InRange(Math.Sqrt(kernel.Value.ToArray<float>().Sum(v => v * v)), 0, 0.5001);
    }

    [Fact]
    public void APathWithoutAParameterOrWithTwoPenaltiesIsNamed()
    {
        Layer wrong = new MultiHeadAttention(1) { KernelRegularizer = new L2(), Regularizers = OfQuery };
        LayerChecks.Says<OptionException>(() => new Sequential(wrong).Build([2, 2]), "multi_head_attention", "'kernel'", "query/kernel, query/bias");
        Assert.False(wrong.IsBuilt);
        var twice = new Sequential(new Dense(1) { KernelRegularizer = new L2(), KernelConstraint = new NonNegative() })
        {
            Regularizers = new Dictionary<string, Regularizer> { ["dense/kernel"] = new L1() },
        };
        LayerChecks.Says<OptionException>(() => twice.Build(2), "'dense/kernel'", "another");
        var axes = new Sequential(new Dense(1)) { Constraints = new Dictionary<string, Constraint> { ["dense/bias"] = new MaxNorm(1, 1) } };
        LayerChecks.Says<OptionException>(() => axes.Build(2), "dense/bias", "MaxNorm", "axes 1");
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    public void LossesOfACellAreSumsOverTheSteps(bool sequences, bool backwards, bool masked)
    {
        static LeakyCell Cell() => new(2) { ActivityRegularizer = new L2(0.5) };
        var rnn = new Rnn(Cell(), returnSequences: sequences, goBackwards: backwards);
        LeakyCell alone = Cell();
        Tensor x = LayerChecks.Numbers([3, 4, 2]);
        rnn.Apply(x);
        alone.Apply(LayerChecks.Numbers([3, 2]));
        for (int i = 0; i < alone.Parameters.Count; i++)
            alone.Parameters[i].Value = rnn.Parameters[i].Value;
        float[][] Results(Func<Tensor, Layer> apply) => [.. Program.Compile(inputs =>
        {
            Layer layer = apply(inputs[0]);
            Tensor sum = layer.Losses.Aggregate((a, b) => a + b);
            return [sum, .. Gradients.Of(sum, layer.Parameters)];
        }).RunAll(x.Evaluate()).Select(r => r.ToArray<float>())];
        bool[,] mask = { { true, true, true, true }, { true, true, true, true }, { true, true, true, true } };
        float[][] actual = Results(input =>
        {
            rnn.Apply(masked ? LayerChecks.Masked(input, mask) : input);
            return rnn;
        });
        float[][] expected = Results(input =>
        {
            Tensor[] states = [Tensor.Zeros([3, 2]), Tensor.Zeros([3])];
            for (int t = 0; t < 4; t++)
                states = alone.ApplyAll([input.Narrow(1, backwards ? 3 - t : t, 1).Reshape(3, 2), .. states])[1..];
            return alone;
        });
        Assert.True(expected[0][0] > 0.01);
        for (int i = 0; i < expected.Length; i++)
            Assert.All(expected[i].Zip(actual[i]), p => Assert.Equal(p.First, p.Second, 1e-5f));
    }

    [Fact]
    public void ACellThatAddsToTheLossTrains()
    {
        double Train(double penalty)
        {
            var model = new Sequential(new Rnn(new LeakyCell(2) { ActivityRegularizer = new L2(penalty) }), new Flatten(), new Dense(1));
            model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
            TensorData x = LayerChecks.Numbers([4, 3, 2]).Evaluate(), y = TensorData.From<float>([1, 2, 3, 4], [4, 1]);
            return model.Fit(x, y, TestModels.Quiet with { BatchSize = 4 })["loss"][0];
        }

        Assert.True(Train(1) > Train(0) + 0.01);
    }

    [Fact]
    public void ALossThatCannotLeaveALoopIsNamed()
    {
        var layer = new Looping();
        LayerChecks.Says<TraceException>(
            () => Graph.Of("test", [new TensorType(DType.Float32, [3, 2])], x => [layer.Apply(x[0])]), "looping/inner", "adds to the loss", "RecurrentCell");
        Assert.Equal(new Shape(3, 2), new Looping().Apply(Tensor.Zeros([3, 2])).Shape);
    }

    private static double Plain(Layer layer, TensorData x, TensorData y)
    {
        var model = new Sequential(layer);
        model.Compile(new Sgd(0), Loss.MeanSquaredError());
        return model.Evaluate(x, y).Loss;
    }

    /// <summary>Applies a dense layer to each row within a loop.</summary>
    private sealed class Looping : Layer
    {
        private readonly Dense _inner;

        internal Looping() => _inner = Track(new Dense(2, name: "inner") { ActivityRegularizer = new L2() });

        protected override void Build(Shape inputShape) => _inner.Apply(Tensor.Zeros([1, inputShape[^1]]));

        protected override Tensor Call(Tensor input) =>
            Tensor.Scan((_, elements) => ([], [_inner.Apply(elements[0].ExpandAxis(0)).Reshape(2)]), [], [input]).Outputs[0];
    }
}
