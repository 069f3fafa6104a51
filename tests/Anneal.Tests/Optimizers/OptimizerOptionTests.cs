namespace Anneal.Tests;

/// <summary>Groups, clipping and running means: options that every optimizer has.</summary>
public class OptimizerOptionTests
{
    private static readonly double[] Gradient = [3, -4];

    [Fact]
    public void AGroupHasItsOwnRateAndDecay()
    {
        var optimizer = new AdamW(0.1, weightDecay: 0.5)
        {
            Groups = [new ParameterGroup("head/*") { LearningRateFactor = 0.1 }, ParameterGroup.WithoutDecay("*/bias", "*/gamma")],
        };
        var names = new[] { "body/kernel", "body/bias", "head/kernel", "head/bias", "norm/gamma" };
        Dictionary<string, double[]> after = AfterOneStep(optimizer, names, Gradient);

        // The first step of Adam is the rate times the sign.
        Assert.Equal(2 * (1 - 0.05) - 0.1, after["body/kernel"][0], 6);
        Assert.Equal(2 - 0.1, after["body/bias"][0], 6);
        Assert.Equal(2 * (1 - 0.005) - 0.01, after["head/kernel"][0], 6);
        Assert.Equal(after["head/kernel"], after["head/bias"]);
        Assert.Equal(after["body/bias"], after["norm/gamma"]);
    }

    [Fact]
    public void AGroupCanDecayWhereTheOthersDoNot()
    {
        var optimizer = new Sgd(0.1) { Groups = [new ParameterGroup((path, name) => path == "a/b" && name == "kernel") { WeightDecay = 0.5 }] };
        Dictionary<string, double[]> after = AfterOneStep(optimizer, ["a/b/kernel", "a/b/bias", "a/kernel"], Gradient);
        Assert.Equal(2 - 0.1 * (3 + 0.5 * 2), after["a/b/kernel"][0], 6);
        Assert.Equal(2 - 0.1 * 3, after["a/b/bias"][0], 6);
        Assert.Equal(after["a/b/bias"], after["a/kernel"]);
    }

    [Theory]
    [InlineData("*", "a/b", true)]
    [InlineData("*/bias", "dense/bias", true)]
    [InlineData("*/bias", "a/dense/bias", true)]
    [InlineData("*/bias", "bias", false)]
    [InlineData("*/bias", "dense/bias_2", false)]
    [InlineData("dense_*/kernel", "dense_1/kernel", true)]
    [InlineData("dense_*/kernel", "dense/kernel", false)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXcYb", false)]
    [InlineData("dense/kernel", "dense/kernel", true)]
    [InlineData("dense/kernel", "dense/kernel2", false)]
    [InlineData("a**", "a", true)]
    public void PatternsMatchWholeNames(string pattern, string name, bool matches) => Assert.Equal(matches, new ParameterGroup(pattern).Includes(name));

    [Fact]
    public void APatternThatMatchesNothingIsNamed()
    {
        Sequential model = TestModels.Classifier();
        model.Compile(new AdamW { Groups = [ParameterGroup.WithoutDecay("*/bias", "*/gamma")] }, Loss.SparseCategoricalCrossentropy(fromLogits: true));
        var mistake = Assert.Throws<OptionException>(() => model.Fit(TestModels.Points(30), TestModels.Quiet with { BatchSize = 10 }));
        Assert.Contains("'*/gamma'", mistake.Message);
        Assert.Contains("dense_1/kernel", mistake.Message);
        Assert.DoesNotContain("'*/bias'", mistake.Message);
        Assert.Throws<OptionException>(() => new AdamW { Groups = [new ParameterGroup((_, _) => false)] }.CreateState(model.Parameters));
        Assert.Throws<OptionException>(() => new ParameterGroup(""));
        Assert.Throws<OptionException>(() => new ParameterGroup("*") { LearningRateFactor = -1 });
        Assert.Throws<OptionException>(() => new ParameterGroup("*") { WeightDecay = double.NaN });
    }

    [Fact]
    public void OptionsAreStored()
    {
        var optimizer = new AdamW(new CosineSchedule(0.1, 50).WithWarmUp(5), weightDecay: 0.3)
        {
            Groups = [new ParameterGroup((path, _) => path == "layer") { LearningRateFactor = 0.5, WeightDecay = 0 }, new ParameterGroup("*") { LearningRateFactor = 2 }],
            GlobalClipNorm = 0.4,
            AverageMomentum = 0.9,
        };
        string stored = OptimizerTests.Stored(optimizer);
        Assert.Contains("\"names\":[\"layer/weight\"]", stored);
        Optimizer again = OptimizerTests.Again(optimizer);
        Assert.Equal(stored, OptimizerTests.Stored(again));
        Assert.Equal(OptimizerCases.Path(optimizer, [1.0, -2], 10), OptimizerCases.Path(again, [1.0, -2], 10));
        foreach (Optimizer other in (Optimizer[])[new Sgd { ClipValue = 0.1 }, new Sgd { ClipNorm = 0.1 }])
            Assert.Equal(OptimizerTests.Stored(other), OptimizerTests.Stored(OptimizerTests.Again(other)));
    }

    [Fact]
    public void GradientsAreClipped()
    {
        string[] names = ["a/x", "a/y"];
        double[] byValue = AfterOneStep(new Sgd(1) { ClipValue = 3.5 }, names, Gradient)["a/x"];
        Assert.Equal([2 - 3, 2 + 3.5], byValue);
        double[] byNorm = AfterOneStep(new Sgd(1) { ClipNorm = 1 }, names, Gradient)["a/y"];
        Assert.Equal(2 - 3 / 5.000001, byNorm[0], 6);

        // Two gradients of norm 5 have the norm sqrt(50) together.
        double[] byGlobal = AfterOneStep(new Sgd(1) { GlobalClipNorm = 1 }, names, Gradient)["a/x"];
        Assert.Equal(2 - 3 / (Math.Sqrt(50) + 1e-6), byGlobal[0], 6);
        foreach (Optimizer wide in (Optimizer[])[new Sgd(1) { ClipValue = 9 }, new Sgd(1) { ClipNorm = 9 }, new Sgd(1) { GlobalClipNorm = 9 }])
            Assert.Equal([-1.0, 6], AfterOneStep(wide, names, Gradient)["a/x"]);
    }

    [Fact]
    public void WaysOfClippingExcludeEachOther()
    {
        Assert.Contains("only one", Assert.Throws<OptionException>(() => TestModels.Linear(new Sgd(1) { ClipValue = 1, GlobalClipNorm = 1 })).Message);
        Assert.Contains("ClipNorm", Assert.Throws<OptionException>(() => new Sgd(1) { ClipNorm = 0 }).Message);
        Assert.Contains("ClipValue", Assert.Throws<OptionException>(() => new Sgd(1) { ClipValue = double.NaN }).Message);
        Assert.Contains("AverageMomentum", Assert.Throws<OptionException>(() => new Sgd(1) { AverageMomentum = 1 }).Message);
    }

    [Fact]
    public void AveragesFollowTheParameters()
    {
        Sequential model = TestModels.Linear(new Sgd(0.1) { AverageMomentum = 0.75 });
        TensorData one = TensorData.From<float>([1], [1, 1]);
        double w = 0, average = 0;
        for (int step = 1; step <= 5; step++)
        {
            model.Fit(one, one, TestModels.Quiet with { BatchSize = 1 });
            w -= 0.1 * 2 * (w - 1);
            average = step == 1 ? w : 0.75 * average + 0.25 * w;
        }

        Assert.Equal(w, Weight(model), 6);
        using (model.UseAveragedWeights())
        {
            Assert.Equal(average, Weight(model), 6);
            Assert.Equal(average, model.Predict(one).ToArray<float>()[0], 6);
            Assert.Equal((average - 1) * (average - 1), model.Evaluate(one, one).Loss, 6);
            Assert.Contains("averaged", Assert.Throws<ModelException>(() => model.Fit(one, one, TestModels.Quiet)).Message);
            Assert.Throws<ModelException>(model.UseAveragedWeights);
            Assert.Throws<ModelException>(() => model.Compile(new Sgd(), Loss.MeanSquaredError()));
        }

        Assert.Equal(w, Weight(model), 6);
        model.Fit(one, one, TestModels.Quiet with { BatchSize = 1 });
        w -= 0.1 * 2 * (w - 1);
        Assert.Equal(w, Weight(model), 6);
        model.OverwriteWithAveragedWeights();
        Assert.Equal(0.75 * average + 0.25 * w, Weight(model), 6);
    }

    [Fact]
    public void AveragesNeedAnOptionAndAStep()
    {
        Assert.Contains("AverageMomentum", Assert.Throws<ModelException>(TestModels.Linear(new Sgd(0.1)).UseAveragedWeights).Message);
        Sequential model = TestModels.Linear(new Sgd(0.1) { AverageMomentum = 0.9 });
        model.Build(1);
        Assert.Contains("not been trained", Assert.Throws<ModelException>(model.UseAveragedWeights).Message);
        Assert.Throws<ModelException>(new Sequential(new Dense(1)).OverwriteWithAveragedWeights);
    }

    [Fact]
    public void AParameterThatIsUnfrozenLaterAveragesItself()
    {
        Sequential model = TestModels.Classifier();
        model.Compile(new Adam(0.05) { AverageMomentum = 0.5 }, Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Build(2);
        model.Layers[0].Trainable = false;
        ArrayDataset data = TestModels.Points(30);
        model.Fit(data, TestModels.Quiet with { BatchSize = 10 });
        float[] before = model.Parameters[0].Value.ToArray<float>();
        using (model.UseAveragedWeights())
            Assert.Equal(before, model.Parameters[0].Value.ToArray<float>());
        model.Layers[0].Trainable = true;
        model.Fit(data, TestModels.Quiet with { BatchSize = 30 });
        float[] after = model.Parameters[0].Value.ToArray<float>();
        using (model.UseAveragedWeights())
            Assert.Equal(before.Zip(after, (a, b) => (a + b) / 2), model.Parameters[0].Value.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void ASaveOfAveragedWeightsHoldsThem()
    {
        using var folder = new TestFolder();
        Sequential model = TestModels.Classifier();
        model.Compile(new Adam(0.05) { AverageMomentum = 0.9 }, Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Fit(TestModels.Points(30), TestModels.Quiet with { BatchSize = 10 });
        Dictionary<string, byte[]> raw = TestModels.Bits(model);
        using (model.UseAveragedWeights())
        {
            model.Save(folder.Path);
            TestModels.AssertSameBits(model, Model.Load(folder.Path));
        }

        Assert.Equal(raw, TestModels.Bits(model));
        Assert.NotEqual(raw["dense/kernel"], TestModels.Bits(Model.Load(folder.Path))["dense/kernel"]);
    }

    private static float Weight(Sequential model) => model.Parameters[0].Value.ToArray<float>()[0];

    private static Dictionary<string, double[]> AfterOneStep(Optimizer optimizer, string[] names, double[] gradient)
    {
        Parameter[] parameters = [.. names.Select(n => new Parameter(TensorData.From<double>([2, 2]), n))];
        OptimizerState state = optimizer.CreateState(parameters);
        Program.Compile(x =>
        {
            optimizer.Apply(state, parameters, [.. parameters.Select(_ => x[0])]);
            return [];
        }).RunAll(TensorData.From(gradient));
        return parameters.ToDictionary(p => p.Name, p => p.Value.ToArray<double>());
    }
}
