namespace Anneal.Tests;

/// <summary>Freezing by name and by depth, rates by depth, and stages that are unfrozen one after another.</summary>
public sealed class FreezingTests
{
    [Fact]
    public void PatternsFreezeAndUnfreeze()
    {
        Sequential model = Network();
        model.Freeze("*/bias", "dense/*");
        Assert.Equal(["dense_1/kernel", "dense_2/kernel"], Trained(model));
        model.Unfreeze("dense/bias");
        Assert.Equal(["dense/bias", "dense_1/kernel", "dense_2/kernel"], Trained(model));
        Assert.Contains("'conv/*'", Assert.Throws<OptionException>(() => model.Freeze("conv/*")).Message, StringComparison.Ordinal);
        Assert.Throws<ModelException>(() => new Sequential(new Dense(2)).Freeze("*"));
    }

    [Fact]
    public void DepthsAreLayersWithParameters()
    {
        Sequential model = Network();
        Assert.Equal(3, model.ParametersByDepth.Count);
        model.FreezeBelow(2);
        Assert.Equal(["dense_2/kernel", "dense_2/bias"], Trained(model));
        model.FreezeBelow(0);
        Assert.Equal(6, Trained(model).Length);
        Assert.Throws<OptionException>(() => model.FreezeBelow(4));
        Assert.Throws<OptionException>(() => model.FreezeBelow(-1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void StagesAreUnfrozenOneByOne(int accumulation)
    {
        Sequential model = Network();
        model.Compile(new AdamW(1e-2), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        float[][] before = Values(model);
        var changed = new List<int>();
        var memory = new List<int>();
        var note = new LambdaCallback
        {
            EpochEnd = (_, _) =>
            {
                float[][] after = Values(model);
                changed.Add(after.Zip(before).Count(v => !v.First.SequenceEqual(v.Second)));
                memory.Add(model.Setup!.OptimizerState.All.Count());
                before = after;
            },
        };
        model.Fit(Data(), new FitOptions { Epochs = 4, BatchSize = 4, AccumulationSteps = accumulation, Verbosity = Verbosity.Silent, Callbacks = [new GradualUnfreezing(), note] });
        Assert.Equal([2, 4, 6, 6], changed);
        Assert.Equal([4, 8, 12, 12], memory);
        Assert.Throws<OptionException>(() => new GradualUnfreezing(0));
        Assert.Throws<OptionException>(() => new GradualUnfreezing(1, 0));
    }

    [Fact]
    public void SeveralEpochsMayPassBeforeTheNextStage()
    {
        Sequential model = Network();
        model.Compile(new Sgd(1e-2), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        var trained = new List<int>();
        var note = new LambdaCallback { EpochEnd = (_, _) => trained.Add(Trained(model).Length) };
        var options = new FitOptions { Epochs = 3, BatchSize = 4, Verbosity = Verbosity.Silent, Callbacks = [new GradualUnfreezing(epochsPerStage: 2), note] };
        model.Fit(Data(), options);
        model.Fit(Data(), options);
        Assert.Equal([2, 2, 4, 2, 2, 4], trained);
    }

    [Fact]
    public void RatesFallFromTheOutput()
    {
        Sequential plain = Network(), graded = Network();
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.ByDepth(graded, 0.5);
        Assert.Equal([0.25, 0.5, 1], groups.Select(g => g.LearningRateFactor));
        float[][] before = Values(plain);
        Step(plain, new Sgd(0.5));
        Step(graded, new Sgd(0.5) { Groups = groups });
        float[][] whole = Values(plain), less = Values(graded);
        for (int i = 0; i < before.Length; i++)
        {
            double factor = groups[i / 2].LearningRateFactor;
            for (int j = 0; j < before[i].Length; j++)
                Assert.Equal((whole[i][j] - before[i][j]) * factor, less[i][j] - before[i][j], 1e-6);
        }

        Assert.Throws<OptionException>(() => ParameterGroup.ByDepth(graded, -1));

        static void Step(Sequential model, Optimizer optimizer)
        {
            model.Compile(optimizer, Loss.SparseCategoricalCrossentropy(fromLogits: true));
            model.Fit(Data(), new FitOptions { BatchSize = 8, Verbosity = Verbosity.Silent });
        }
    }

    private static Sequential Network()
    {
        var model = new Sequential(new Dense(5, Activation.Tanh), new Dense(4, Activation.Tanh), new Dense(3));
        model.Build([2]);
        return model;
    }

    private static ArrayDataset Data() => new(
        [TensorData.From<float>([.. Enumerable.Range(0, 16).Select(i => MathF.Sin(i))], [8, 2])], [TensorData.From<int>([0, 1, 2, 0, 1, 2, 0, 1])]);

    private static string[] Trained(Model model) => [.. model.NamedVariables().Where(v => v.IsTrained).Select(v => v.Name)];

    private static float[][] Values(Model model) => [.. model.Parameters.Select(p => p.Value.ToArray<float>())];
}
