using Anneal.Cpu;
using Anneal.Execution;
using Anneal.Reference;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <summary>
/// Whole training runs through <see cref="Model.Compile(Optimizer, Loss, ReadOnlySpan{Metric})"/> and <c>Fit</c>: the given first weights and
/// batches must lead to the loss of every step and to the final weights, in float32 and in double precision.
/// </summary>
[Collection(nameof(DefaultDeviceTests))]
public sealed class GoldenRunTests
{
    private const double LossTolerance = 1e-4, WeightTolerance = 1e-4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AMultilayerPerceptronWithMomentumFollows(bool inDouble)
    {
        using var device = new DeviceScope(inDouble);
        GoldenTraining run = GoldenTraining.Read("mlp_sgd");
        var model = new Sequential(
            new Flatten(), new Dense(run.Extent("fc1.bias"), Activation.Relu), new Dense(run.Extent("fc2.bias"), Activation.Relu), new Dense(run.Extent("fc3.bias")));
        Follow(run, model, new Sgd(0.1, momentum: 0.9), run.Images(), WeightTolerance, DenseLayer("dense", "fc1"), DenseLayer("dense_1", "fc2"), DenseLayer("dense_2", "fc3"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AConvolutionalNetworkWithAdamFollows(bool inDouble) => FollowConvolutions("cnn_adam", new Adam(2e-3), inDouble);

    /// <summary>
    /// RMSProp makes a step of ten learning rates of the first gradient that a weight sees, however small: where a unit is just above 0, its
    /// rounding in float32 becomes a difference of the weight, and a maximum may choose another pixel. Losses follow all the same. The project's own
    /// set stays within the tolerance in float32 too; of another one the final weights are compared closely in double precision only.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AConvolutionalNetworkWithRmsPropFollows(bool inDouble) =>
        FollowConvolutions("cnn_rmsprop", new RmsProp(1e-3), inDouble, inDouble || GoldenFolder.IsOwn ? WeightTolerance : 10 * 1e-3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ALongShortTermMemoryWithClippedAdamWFollows(bool inDouble)
    {
        using var device = new DeviceScope(inDouble);
        GoldenTraining run = GoldenTraining.Read("lstm_adamw_clip");
        Shape table = run.First("emb.weight").Shape;
        var model = new Sequential(
            new Embedding((int)table[0], (int)table[1]), new Lstm((int)run.First("lstm.weight_hh_l0").Shape[1], useRecurrentBias: true), new Dense(run.Extent("fc.bias")));
        Follow(
            run, model, new AdamW(5e-3, weightDecay: 0.01) { GlobalClipNorm = 1 }, run.Sequences(), WeightTolerance,
            [new("embedding/embeddings", "emb.weight", t => t)],
            [
                new("lstm/kernel", "lstm.weight_ih_l0", t => t.Transpose(1, 0)), new("lstm/recurrent_kernel", "lstm.weight_hh_l0", t => t.Transpose(1, 0)),
                new("lstm/bias", "lstm.bias_ih_l0", t => t), new("lstm/recurrent_bias", "lstm.bias_hh_l0", t => t),
            ],
            DenseLayer("dense", "fc"));
    }

    private static void FollowConvolutions(string name, Optimizer optimizer, bool inDouble, double weightTolerance = WeightTolerance)
    {
        using var device = new DeviceScope(inDouble);
        GoldenTraining run = GoldenTraining.Read(name);
        int channels = run.Extent("conv2.bias");
        var model = new Sequential(
            new Conv2D(run.Extent("conv1.bias"), (int)run.First("conv1.weight").Shape[2], Activation.Relu), new MaxPool2D(2),
            new Conv2D(channels, (int)run.First("conv2.weight").Shape[2], Activation.Relu), new MaxPool2D(2),
            new Flatten(), new Dense(run.Extent("fc1.bias"), Activation.Relu), new Dense(run.Extent("fc2.bias")));
        int side = (int)Math.Sqrt(run.First("fc1.weight").Shape[1] / channels);
        Follow(
            run, model, optimizer, run.Images(), weightTolerance,
            [
                new("conv2d/kernel", "conv1.weight", t => t.Transpose(2, 3, 1, 0)), new("conv2d/bias", "conv1.bias", t => t),
                new("conv2d_1/kernel", "conv2.weight", t => t.Transpose(2, 3, 1, 0)), new("conv2d_1/bias", "conv2.bias", t => t),
            ],
            [
                // There the layer before was flattened channels first.
                new("dense/kernel", "fc1.weight", t => t.Reshape(t.Shape[0], channels, side, side).Transpose(2, 3, 1, 0).Reshape(-1, t.Shape[0])),
                new("dense/bias", "fc1.bias", t => t),
            ],
            DenseLayer("dense_1", "fc2"));
    }

    private static WeightMap[] DenseLayer(string ours, string theirs) =>
        [new(ours + "/kernel", theirs + ".weight", t => t.Transpose(1, 0)), new(ours + "/bias", theirs + ".bias", t => t)];

    private static void Follow(GoldenTraining run, Sequential model, Optimizer optimizer, TensorData x, double weightTolerance, params WeightMap[][] layers)
    {
        model.Compile(optimizer, Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Build(x.Shape[1..], x.DType);
        Dictionary<string, Variable> variables = model.NamedVariables().ToDictionary(v => v.Name, v => v.Variable);
        WeightMap[] maps = [.. layers.SelectMany(l => l)];
        Assert.Equal(variables.Keys.Order(), maps.Select(m => m.Ours).Order());
        Assert.Equal(run.Names.Order(), maps.Select(m => m.Theirs).Order());
        foreach (WeightMap map in maps)
            variables[map.Ours].Value = map.ToOurs(Tensor.From(run.First(map.Theirs))).Evaluate();

        var losses = new List<double>();
        var record = new LambdaCallback { BatchEnd = r => losses.Add(r.BatchLoss) };
        model.Fit(x, run.Labels(), new FitOptions
        {
            Epochs = run.Losses.Length / run.Batches,
            BatchSize = run.BatchSize,
            Shuffle = false,
            Callbacks = [record],
            Verbosity = Verbosity.Silent,
        });
        Assert.Equal(run.Losses.Length, losses.Count);
        for (int i = 0; i < losses.Count; i++)
            Assert.True(Math.Abs(losses[i] - run.Losses[i]) <= LossTolerance * Math.Abs(run.Losses[i]), $"{run.Name}: the loss of step {i} is {losses[i]:R}, expected {run.Losses[i]:R}.");
        foreach (WeightMap map in maps)
        {
            TensorData expected = map.ToOurs(Tensor.From(run.Last(map.Theirs))).Evaluate(), actual = variables[map.Ours].Value;
            Comparer.AssertClose(
                expected.Shape, Values.ToDoubles(expected), actual.Shape, Values.ToDoubles(actual), new Tolerance(weightTolerance, 0), $"{run.Name}/{map.Theirs}");
        }
    }

    /// <summary>How a weight of the run becomes one of the model.</summary>
    private sealed record WeightMap(string Ours, string Theirs, Func<Tensor, Tensor> ToOurs);
}

/// <summary>Tests that choose the default device, which all threads share, run alone.</summary>
[CollectionDefinition(nameof(DefaultDeviceTests), DisableParallelization = true)]
public sealed class DefaultDeviceTests;

/// <summary>Makes the reference the default device for a while.</summary>
internal sealed class DeviceScope : IDisposable
{
    internal DeviceScope(bool inDouble)
    {
        if (inDouble)
            Device.Default = new ReferenceDevice();
    }

    public void Dispose() => Device.Default = new CpuDevice();
}

/// <summary>The arrays of one training run.</summary>
internal sealed class GoldenTraining
{
    private readonly OrderedDictionary<string, TensorData> _arrays;

    private GoldenTraining(string name, OrderedDictionary<string, TensorData> arrays)
    {
        (Name, _arrays) = (name, arrays);
        Losses = arrays["losses"].ToArray<double>();
        Assert.True(Losses.Length > 0 && Losses.Length % Batches == 0, $"{name}: {Losses.Length} losses do not go through {Batches} batches.");
    }

    internal string Name { get; }

    internal double[] Losses { get; }

    internal int Batches => (int)_arrays["x"].Shape[0];

    internal int BatchSize => (int)_arrays["x"].Shape[1];

    /// <summary>The names of the weights.</summary>
    internal IEnumerable<string> Names => _arrays.Keys.Where(k => k.StartsWith("p0/", StringComparison.Ordinal)).Select(k => k[3..]);

    internal static GoldenTraining Read(string name) => new(name, Safetensors.Read(Path.Combine(GoldenFolder.Root, "models", "runs", name + ".safetensors")).Tensors);

    internal TensorData First(string weight) => _arrays["p0/" + weight];

    internal TensorData Last(string weight) => _arrays[FormattableString.Invariant($"p{Losses.Length}/{weight}")];

    /// <summary>The first extent of a weight.</summary>
    internal int Extent(string weight) => (int)First(weight).Shape[0];

    /// <summary>All images in order, channels last.</summary>
    internal TensorData Images()
    {
        Tensor x = Tensor.From(_arrays["x"]);
        return x.Reshape(-1, x.Shape[2], x.Shape[3], x.Shape[4]).Transpose(0, 2, 3, 1).Evaluate();
    }

    /// <summary>All sequences of whole numbers in order.</summary>
    internal TensorData Sequences()
    {
        Tensor x = Tensor.From(_arrays["x"]);
        return x.Reshape(-1, x.Shape[2]).Evaluate();
    }

    internal TensorData Labels() => Tensor.From(_arrays["y"]).Flatten().Evaluate();
}
