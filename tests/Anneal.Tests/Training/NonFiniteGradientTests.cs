namespace Anneal.Tests.Training;

/// <summary>A finite loss with gradients that are not: the step changes nothing, and the first parameter is named.</summary>
public class NonFiniteGradientTests
{
    [Theory]
    [InlineData(3, 2)]
    [InlineData(300, 40)]
    public void AStepWithABadGradientChangesNothing(int features, int units)
    {
        // With many features and units the gradient of the kernel is larger than its operands, so the bias gradient speaks for it.
        var head = new RootAtZero();
        var model = new Sequential(new Dense(units, name: "body"), new Dropout(0.5), head) { Seed = 3 };
        model.Compile(new Adam(0.01) { AverageMomentum = 0.9 }, Loss.MeanSquaredError());
        Dataset data = Dataset.From(Filled([8, features]), Filled([8, units]));
        FitOptions options = TestModels.Quiet with { BatchSize = 4, Shuffle = false };
        model.Fit(data, options);
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        byte[][] slots = [.. model.Setup!.OptimizerState.All.Select(s => s.Value.AsBytes().ToArray())];
        byte[] random = model.Setup!.RandomState.Value.AsBytes().ToArray();
        head.Factor.Value = TensorData.From<float>([0]);
        var mistake = Assert.Throws<NonFiniteGradientException>(() => model.Fit(data, options));
        Assert.Equal(("body/kernel", 2, 1), (mistake.Parameter, mistake.Epoch, mistake.Step));
        Assert.Contains("body/kernel", mistake.Message);
        Assert.True(double.IsFinite(mistake.Loss));
        head.Factor.Value = TensorData.From<float>([1]);
        Assert.Equal(before, TestModels.Bits(model));
        Assert.Equal(slots, model.Setup!.OptimizerState.All.Select(s => s.Value.AsBytes().ToArray()));
        Assert.Equal(random, model.Setup!.RandomState.Value.AsBytes().ToArray());
        Assert.Equal(2, model.Setup!.OptimizerState.Step);
        Assert.NotEmpty(model.Fit(data, options).Epochs);
    }

    [Fact]
    public void AKernelWithoutBiasIsWatchedAsWell()
    {
        var head = new RootAtZero();
        var model = new Sequential(new Dense(40, useBias: false), head);
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
        model.Build(300);
        head.Factor.Value = TensorData.From<float>([0]);
        byte[] before = model.Parameters[0].Value.AsBytes().ToArray();
        var mistake = Assert.Throws<NonFiniteGradientException>(() => model.Fit(Filled([4, 300]), Filled([4, 40]), TestModels.Quiet with { BatchSize = 4 }));
        Assert.Equal("dense/kernel", mistake.Parameter);
        Assert.Equal(before, model.Parameters[0].Value.AsBytes().ToArray());
    }

    [Fact]
    public void ATableOfWordsIsWatched()
    {
        var head = new RootAtZero();
        var model = new Sequential(new Embedding(1000, 4), head);
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
        TensorData words = TensorData.From([1, 2, 999], [3, 1]), y = Filled([3, 1, 4]);
        FitOptions options = TestModels.Quiet with { BatchSize = 3 };
        model.Fit(words, y, options);
        head.Factor.Value = TensorData.From<float>([0]);
        Assert.Equal("embedding/embeddings", Assert.Throws<NonFiniteGradientException>(() => model.Fit(words, y, options)).Parameter);
    }

    [Fact]
    public void GradientsOfLargeButFiniteNormAreNoMistake()
    {
        // Squares of these gradients are beyond float32.
        Sequential model = TestModels.Linear(new Sgd(1e-30));
        TensorData x = TensorData.From<float>([1e15f], [1, 1]), y = TensorData.From<float>([-1e10f], [1, 1]);
        Assert.True(float.IsFinite((float)model.Fit(x, y, TestModels.Quiet with { BatchSize = 1 })["loss"][0]));
        Assert.Equal(-2e-5, model.Parameters[0].Value.ToArray<float>()[0], 8);
    }

    private static TensorData Filled(Shape shape)
    {
        var data = new TensorData(DType.Float32, shape);
        for (int i = 0; i < shape.ElementCount; i++)
            data.SetDouble(i, Math.Sin(i + 1));
        return data;
    }

    /// <summary>The root of |x| times a factor: where the factor is 0 the value is 0 and the derivative is not a number.</summary>
    private sealed class RootAtZero : Layer
    {
        internal State Factor { get; } = new(TensorData.From<float>([1]), "factor");

        protected override Tensor Call(Tensor input) => Tensor.Sqrt(Tensor.Abs(input) * Factor.Read() + (1 - Factor.Read()) * 0);
    }
}
