namespace Anneal.Tests;

/// <summary>Parts of a batch make the step of the whole, whatever counts in them.</summary>
public sealed class AccumulationTests
{
    private static readonly Dictionary<int, double> Weights = new() { [0] = 3 };

    private static readonly Random Chance = new(8);

    private static readonly float[] Inputs = [.. Enumerable.Range(0, 32 * 8).Select(_ => (float)(Chance.NextDouble() * 2 - 1))];

    public static TheoryData<string> Cases() => ["activity", "ignored", "classes", "examples", "mask", "added", "clip", "average", "scale"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void PenaltiesOfPartsAreThoseOfTheWhole(string kind)
    {
        Model whole = Train(kind, 1, out History expected);
        foreach (int parts in (int[])[2, 8, 32])
        {
            Model divided = Train(kind, parts, out History actual);
            for (int i = 0; i < whole.Parameters.Count; i++)
            {
                float[] a = whole.Parameters[i].Value.ToArray<float>(), b = divided.Parameters[i].Value.ToArray<float>();
                Assert.All(a.Zip(b), p => Assert.Equal(p.First, p.Second, 2e-6f));
            }

            Assert.Equal(expected["loss"][0], actual["loss"][0], 1e-5);
        }
    }

    [Fact]
    public void AFitWithPenaltiesApartLeavesNothingToTheNext()
    {
        float[] Second(bool first)
        {
            Sequential model = Dense(new Sgd(0.5));
            model.Build(8);
            TensorData[] before = [.. model.Parameters.Select(p => TensorData.From(p.Value.ToArray<float>(), p.Shape))];
            Dataset data = Labelled(ignored: false);
            FitOptions options = Options(4);
            model.Fit(data, options);
            if (first)
                model.Fit(data, options with { ClassWeights = Weights });
            for (int i = 0; i < before.Length; i++)
                model.Parameters[i].Value = before[i];
            model.Fit(data, options);
            return model.Parameters[0].Value.ToArray<float>();
        }

        Assert.Equal(Second(false), Second(true));
    }

    private static Model Train(string kind, int parts, out History history)
    {
        var optimizer = new Sgd(0.5)
        {
            GlobalClipNorm = kind == "clip" ? 0.1 : null,
            AverageMomentum = kind == "average" ? 0.5 : null,
        };
        Model model = kind switch
        {
            "mask" => Words(optimizer),
            "added" => Dense(optimizer, new Pull()),
            _ => Dense(optimizer),
        };
        Dataset data = kind switch
        {
            "mask" => Sentences(),
            "examples" => Weighted(),
            _ => Labelled(ignored: kind is not ("activity" or "classes")),
        };
        FitOptions options = Options(parts) with
        {
            Epochs = 3,
            ClassWeights = kind is "classes" or "clip" ? Weights : null,
            LossScaling = kind == "scale" ? new LossScaling { InitialScale = 1024 } : null,
        };
        history = model.Fit(data, options);
        if (kind == "average")
            model.OverwriteWithAveragedWeights();
        return model;
    }

    private static FitOptions Options(int parts) => TestModels.Quiet with { BatchSize = 32, AccumulationSteps = parts, Shuffle = false };

    private static Sequential Dense(Optimizer optimizer, params Layer[] more)
    {
        var model = new Sequential([
            new Dense(3, Activation.Tanh) { ActivityRegularizer = new L2(0.4), KernelRegularizer = new L2(0.05) }, .. more, new Dense(2)]);
        model.Compile(optimizer, Loss.SparseCategoricalCrossentropy(fromLogits: true));
        return model;
    }

    private static Sequential Words(Optimizer optimizer)
    {
        var model = new Sequential(new Embedding(5, 3, maskZero: true) { ActivityRegularizer = new L2(0.5) }, new Dense(2));
        model.Compile(optimizer, Loss.SparseCategoricalCrossentropy(fromLogits: true));
        return model;
    }

    /// <summary>The first four and each fifth example have no label where some are ignored.</summary>
    private static ArrayDataset Labelled(bool ignored) => Dataset.From(
        TensorData.From(Inputs, [32, 8]),
        TensorData.From([.. Enumerable.Range(0, 32).Select(i => ignored && (i % 5 == 0 || i < 4) ? -100 : i % 2)], [32]));

    private static ArrayDataset Weighted() => Dataset.From(
        TensorData.From(Inputs, [32, 8]),
        TensorData.From([.. Enumerable.Range(0, 32).Select(i => i % 5 == 0 || i < 4 ? -100 : i % 2)], [32]),
        TensorData.From([.. Enumerable.Range(0, 32).Select(i => i % 3 * 0.7f)], [32]));

    /// <summary>Sentences of one to four words, followed by zeros.</summary>
    private static ArrayDataset Sentences() => Dataset.From(
        TensorData.From([.. Enumerable.Range(0, 128).Select(i => i % 4 <= i / 4 % 4 ? 1 + i * 7 % 4 : 0)], [32, 4]),
        TensorData.From([.. Enumerable.Range(0, 128).Select(i => i * 3 % 2)], [32, 4]));

    private sealed class Pull : Layer
    {
        protected override Tensor Call(Tensor input)
        {
            AddLoss(Tensor.Square(input - 1).Mean() * 0.3);
            return input;
        }
    }
}
