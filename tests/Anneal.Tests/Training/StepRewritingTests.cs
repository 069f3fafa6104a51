using Anneal.Planning;

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
    [InlineData(Precision.BFloat16)]
    [InlineData(Precision.Float16)]
    public void MixedPrecisionLearnsAsWell(Precision precision)
    {
        Sequential plain = Classifier(), mixed = Classifier();
        double first = plain.Fit(Data(), new FitOptions { Epochs = 20, BatchSize = 16, Verbosity = Verbosity.Silent }).Epochs[^1]["loss"];
        History history = mixed.Fit(Data(), new FitOptions { Epochs = 20, BatchSize = 16, Verbosity = Verbosity.Silent, Precision = precision });
        Assert.Equal(first, history.Epochs[^1]["loss"], 0.1);
        Assert.NotEqual(Weights(plain), Weights(mixed));
        Assert.True(history.Epochs[^1]["accuracy"] > 0.9);
    }
}
