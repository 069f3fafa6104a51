using Anneal.Testing;

namespace Anneal.Tests.Training;

/// <summary>
/// The plans of a few networks as text, so that every change of the compiler shows as a change of a file. Set <c>ANNEAL_WRITE_PLANS</c> to
/// write them anew, and read the difference.
/// </summary>
public sealed class PlanTextTests
{
    private static readonly Dictionary<string, Func<(Sequential Model, Dataset Data)>> Networks = new()
    {
        ["linear-sgd"] = () => (Compiled([new Dense(1)], new Sgd(0.1), Loss.MeanSquaredError(), [3]), Vectors(3, TargetsOf(1))),
        ["mlp-adam"] = () => (Compiled([new Dense(16, Activation.Relu), new Dense(10)], new Adam(), SparseLogits, [20]), Vectors(20, Labels())),
        ["gelu-adamw-dropout"] = () => (
            Compiled([new Dense(16, Activation.Gelu), new Dropout(0.1), new Dense(10)], new AdamW(), SparseLogits, [20]), Vectors(20, Labels())),
        ["binary-momentum"] = () => (
            Compiled([new Dense(8, Activation.Sigmoid), new Dense(1)], new Sgd(0.1, momentum: 0.9), Loss.BinaryCrossentropy(fromLogits: true), [5]),
            Vectors(5, TargetsOf(1))),
        ["embedding"] = () => (
            Compiled([new Embedding(50, 8), new Flatten(), new Dense(10)], new Adam(), SparseLogits, [6], DType.Int32),
            Dataset.From(new TensorData(DType.Int32, [8, 6]), Labels())),
        ["cnn-adam"] = () => (
            Compiled(
                [new Conv2D(8, 3, Activation.Relu), new MaxPool2D(2), new Conv2D(16, 3, Activation.Relu, padding: Padding.Same), new AveragePool2D(2), new Flatten(), new Dense(10)],
                new Adam(), SparseLogits, [14, 14, 1]),
            Dataset.From(new TensorData(DType.Float32, [8, 14, 14, 1]), Labels())),
        ["norm-batch"] = () => (
            Compiled([new Conv2D(8, 3, useBias: false), new BatchNormalization(), new ActivationLayer(Activation.Relu), new Flatten(), new Dense(10)], new Sgd(0.1), SparseLogits, [6, 6, 1]),
            Dataset.From(new TensorData(DType.Float32, [8, 6, 6, 1]), Labels())),
        ["norm-layer"] = () => (
            Compiled([new Dense(32), new LayerNormalization(), new Dense(10)], new Sgd(0.1), SparseLogits, [20]), Vectors(20, Labels())),
    };

    private static Loss SparseLogits => Loss.SparseCategoricalCrossentropy(fromLogits: true);

    public static TheoryData<string> Names() => [.. Networks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void ThePlanIsTheOneWrittenDown(string name)
    {
        (Sequential model, Dataset data) = Networks[name]();
        string actual = model.CompiledStep(model.RequireSetup(), data, 8, isTraining: true, hasClassWeights: false).Compiled.Plan.Print();
        string file = Path.Combine(Repository.Root, "tests", "Anneal.Tests", "Training", "Plans", name + ".txt");
        if (Environment.GetEnvironmentVariable("ANNEAL_WRITE_PLANS") is not null)
            File.WriteAllText(file, actual);
        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), actual);
    }

    private static Sequential Compiled(Layer[] layers, Optimizer optimizer, Loss loss, Shape input, DType dtype = DType.Float32)
    {
        var model = new Sequential(layers);
        model.Compile(optimizer, loss, Metric.Accuracy);
        model.Build(input, dtype);
        return model;
    }

    private static ArrayDataset Vectors(long features, TensorData targets) => Dataset.From(new TensorData(DType.Float32, [8, features]), targets);

    private static TensorData Labels() => new(DType.Int32, 8);

    private static TensorData TargetsOf(long width) => new(DType.Float32, [8, width]);
}
