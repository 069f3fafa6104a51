namespace Anneal.Tests;

/// <summary>Small models and data that several tests use.</summary>
internal static class TestModels
{
    internal static readonly FitOptions Quiet = new() { Verbosity = Verbosity.Silent };

    /// <summary>Three classes of points in the plane, around (cos, sin) of three angles.</summary>
    internal static ArrayDataset Points(int count, int seed = 1, TensorData? weights = null)
    {
        var random = new Random(seed);
        var x = new float[count * 2];
        var y = new int[count];
        for (int i = 0; i < count; i++)
        {
            y[i] = i % 3;
            double angle = y[i] * 2 * Math.PI / 3;
            x[2 * i] = (float)(Math.Cos(angle) + 0.2 * (random.NextDouble() - 0.5));
            x[2 * i + 1] = (float)(Math.Sin(angle) + 0.2 * (random.NextDouble() - 0.5));
        }

        return Dataset.From(TensorData.From(x, [count, 2]), TensorData.From(y), weights);
    }

    /// <summary>Pictures of 6 x 6 pixels of which one half is bright: the label says which.</summary>
    internal static ArrayDataset Pictures(int count)
    {
        var random = new Random(5);
        var x = new float[count * 36];
        var y = new int[count];
        for (int i = 0; i < x.Length; i++)
        {
            y[i / 36] = i / 36 % 2;
            bool bright = i % 36 / 18 == y[i / 36];
            x[i] = (float)(random.NextDouble() * 0.3 + (bright ? 0.7 : 0));
        }

        return Dataset.From(TensorData.From(x, [count, 6, 6, 1]), TensorData.From(y));
    }

    internal static Sequential Classifier(long seed = 0, double dropout = 0)
    {
        var model = new Sequential(new Dense(8, Activation.Tanh), new Dropout(dropout), new Dense(3)) { Seed = seed };
        model.Compile(new Adam(0.05), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        return model;
    }

    internal static Sequential Linear(Optimizer optimizer, float weight = 0, Loss? loss = null)
    {
        var model = new Sequential(new Dense(1, useBias: false, kernelInitializer: new Constant(weight)));
        model.Compile(optimizer, loss ?? Loss.MeanSquaredError());
        return model;
    }

    /// <summary>The bytes of every variable under its name.</summary>
    internal static Dictionary<string, byte[]> Bits(Model model) =>
        model.NamedVariables().ToDictionary(v => v.Name, v => v.Variable.Value.AsBytes().ToArray());

    internal static void AssertSameBits(Model expected, Model actual)
    {
        Dictionary<string, byte[]> a = Bits(expected), b = Bits(actual);
        Assert.Equal(a.Keys, b.Keys);
        foreach ((string name, byte[] bytes) in a)
            Assert.True(bytes.AsSpan().SequenceEqual(b[name]), $"{name} differs.");
    }
}

/// <summary>A folder for a test, deleted afterwards.</summary>
internal sealed class TestFolder : IDisposable
{
    internal string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "anneal-" + Guid.NewGuid().ToString("N"));

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
