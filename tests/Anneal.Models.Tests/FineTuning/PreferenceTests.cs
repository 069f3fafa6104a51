using Anneal.Data;
using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>Direct preference optimization against its definition in double precision, its gradients, its two references, and that a preference is learned.</summary>
public sealed class PreferenceTests
{
    private const double Beta = 0.3;

    private static readonly PreferencePair[] Pairs =
    [
        PreferencePair.OfAnswers([5, 6, 7], [8, 9, 10, 11], [12, 13], 3),
        PreferencePair.OfAnswers([20], [21], [22, 23, 24, 25, 26], 3),
        PreferencePair.OfAnswers([30, 31], [32, 33, 34], [35, 36, 37], 3),
        PreferencePair.OfAnswers([1, 2, 4, 5], [6], [7], 3),
    ];

    [Theory]
    [InlineData("llama", "q_proj,down_proj", true)]
    [InlineData("gpt2", "c_attn", true)]
    [InlineData("llama", "q_proj,down_proj", false)]
    public void TheLossIsThatOfTheDefinition(string name, string targets, bool ownReference)
    {
        var policy = (CausalLanguageModel)Published.Load(name);
        double[] before = [.. Pairs.Select(p => Ratio(policy, p))];
        PreferenceRows rows = PreferencePairs.Pad(Pairs);
        TensorData reference = PreferenceModel.LogProbabilities(policy, rows, batchSize: 3);
        Assert.Equal(-SupervisedTests.Costs(policy, Pairs[0].Chosen.Ids)[3..].Sum(), reference.GetDouble(0), 1e-4);
        Adapted.Disturb(LoraAdapter.Attach(policy, Adapted.Options(targets, "lora")));
        double[] margins = [.. Pairs.Select((p, i) => Beta * (Ratio(policy, p) - before[i]))];
        Assert.Contains(margins, m => Math.Abs(m) > 0.1);
        var preference = new PreferenceModel(policy, Beta);
        preference.Compile(new Sgd(0.1));
        Dataset data = rows.ToDataset(ownReference ? null : reference);
        float[] found = preference.Predict(data).ToArray<float>();
        for (int i = 0; i < margins.Length; i++)
            Assert.Equal(margins[i], found[i], 1e-4);
        EvaluationResult result = preference.Evaluate(data, batchSize: 4);
        Assert.Equal(margins.Average(m => Math.Log(1 + Math.Exp(-m))), result["loss"], 1e-5);
        Assert.Equal(margins.Average(m => m > 0 ? 1.0 : 0), result["accuracy"]);
    }

    [Fact]
    public void TheMarginHasTheGradientOfFiniteDifferences()
    {
        TensorType[] types = [new(DType.Float64, [3, 2]), new(DType.Float64, [3, 2])];
        GradientCheck.Run("preference", types, [Values.Uniform(6, -3, 3, 1), Values.Uniform(6, -3, 3, 2)], x =>
            [Tensor.Softplus(-PreferenceModel.Margin(x[0], x[1], Beta))]);
        TensorType[] logits = [new(DType.Float64, [2, 3, 5])];
        Tensor labels = Tensor.From(TensorData.From<int>([1, -100, 4, -100, 0, 2], [2, 3]));
        GradientCheck.Run("probabilities of labels", logits, [Values.Uniform(30, -3, 3, 3)], x => [TokenLoss.LogProbabilities(x[0], labels).Sum([1])]);
    }

    /// <summary>The gradient of the whole model along a direction is that of the loss, and no gradient flows through the reference.</summary>
    [Fact]
    public void TheWholeModelHasTheGradientOfFiniteDifferences()
    {
        var policy = (CausalLanguageModel)Published.Load("llama");
        PreferenceRows rows = PreferencePairs.Pad(Pairs);
        TensorData reference = PreferenceModel.LogProbabilities(policy, rows);
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(policy, Adapted.Options("q_proj,up_proj", "lora")));
        var preference = new PreferenceModel(policy, Beta);
        Program own = Program.Compile(x => Losses([x[0], x[1]])), given = Program.Compile(x => Losses([x[0], x[1], x[2]]));
        TensorData[] found = own.RunAll(rows.Tokens, rows.Labels), same = given.RunAll(rows.Tokens, rows.Labels, reference);
        TensorData[] directions = [.. adapter.Parameters.Select((p, i) => Values.ToData(Values.Uniform(p.Shape.ElementCount, -1, 1, 7 + i), p.Type))];
        double projected = 0;
        for (int i = 0; i < directions.Length; i++)
        {
            Comparer.AssertClose(
                found[i + 1].Shape, Values.ToDoubles(found[i + 1]), same[i + 1].Shape, Values.ToDoubles(same[i + 1]), new Tolerance(1e-6, 1e-4), adapter.Parameters[i].Name);
            projected += Values.ToDoubles(found[i + 1]).Zip(Values.ToDoubles(directions[i]), (a, b) => a * b).Sum();
        }

        TensorData[] start = [.. adapter.Parameters.Select(p => p.Value)];
        const double Step = 2e-3;
        double numeric = (8 * (At(Step) - At(-Step)) - (At(2 * Step) - At(-2 * Step))) / (12 * Step);
        Assert.True(Math.Abs(projected) > 0.05, $"the gradient along the direction is {projected:R}, too small to be checked");
        Assert.Equal(projected, numeric, 0.01 * Math.Abs(projected));

        Tensor[] Losses(Tensor[] x)
        {
            Tensor loss = Tensor.Softplus(-preference.Apply(x)[0]).Mean();
            return [loss, .. Gradients.Of(loss, adapter.Parameters)];
        }

        double At(double t)
        {
            for (int i = 0; i < start.Length; i++)
                adapter.Parameters[i].Value = (Tensor.From(start[i]) + Tensor.From(directions[i]) * t).Evaluate();
            return own.RunAll(rows.Tokens, rows.Labels)[0].Item<float>();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void APreferenceIsLearned(bool ownReference)
    {
        CausalLanguageModel policy = SupervisedTests.Small();
        PreferencePair[] pairs = [.. Enumerable.Range(0, 12).Select(i => PreferencePair.OfAnswers([5 + i], [30, 31 + i % 3], [35, 36 + i % 3], 3))];
        PreferenceRows rows = PreferencePairs.Pad(pairs);
        TensorData reference = PreferenceModel.LogProbabilities(policy, rows);
        TensorData[] before = [.. policy.Weights().Entries.Select(e => e.Variable.Value)];
        LoraAdapter? adapter = ownReference ? LoraAdapter.Attach(policy, new LoraOptions { TargetPattern = LoraOptions.AllLinear, Rank = 4, Alpha = 32 }) : null;

        // An adapter leaves the head as it is, whose first weights bound how far logits can part: the same preference is a larger margin with a larger beta.
        var preference = new PreferenceModel(policy, beta: ownReference ? 0.5 : 0.1);
        preference.Compile(new AdamW(ownReference ? 1e-2 : 2e-3, weightDecay: 0));
        Dataset data = rows.ToDataset(ownReference ? null : reference);

        // In the beginning the policy is the reference.
        Assert.Equal(Math.Log(2), preference.Evaluate(data)["loss"], 1e-6);
        preference.Fit(data, new FitOptions { Epochs = ownReference ? 120 : 40, BatchSize = 6, Verbosity = Verbosity.Silent });
        EvaluationResult after = preference.Evaluate(data);
        Assert.Equal(1, after["accuracy"]);
        Assert.True(after["loss"] < 0.3, $"the loss is {after["loss"]}");

        // A prompt that it has not seen is answered as was preferred.
        PreferenceRows other = PreferencePairs.Pad([PreferencePair.OfAnswers([20], [30, 32], [35, 37], 3)]);
        TensorData now = PreferenceModel.LogProbabilities(policy, other);
        Assert.True(now.GetDouble(0) > now.GetDouble(1) + (ownReference ? 0.5 : 1), $"{now.GetDouble(0)} and {now.GetDouble(1)}");
        adapter?.Detach();
        Assert.Equal(ownReference, policy.Weights().Entries.Zip(before).All(e => e.First.Variable.Value.AsBytes().SequenceEqual(e.Second.AsBytes())));
    }

    /// <summary>In training the policy drops; the reference beside it does not, so it is that which was computed before.</summary>
    [Fact]
    public void TheReferenceDropsNothing()
    {
        var policy = new Gpt2LMHeadModel(new Gpt2Config
        {
            VocabularySize = 40,
            MaximumPositions = 16,
            HiddenSize = 16,
            LayerCount = 2,
            HeadCount = 2,
            ResidualDropout = 0.3,
            EmbeddingDropout = 0.3,
            AttentionDropout = 0.3,
        });
        PreferenceRows rows = PreferencePairs.Pad(Pairs);
        TensorData reference = PreferenceModel.LogProbabilities(policy, rows);
        Adapted.Disturb(LoraAdapter.Attach(policy, Adapted.Options("c_attn", "lora")));
        var preference = new PreferenceModel(policy, Beta);
        var training = new ProgramOptions { Training = true, Seed = 5 };
        float[] own = Program.Compile(x => [.. preference.Apply(x)], training).RunAll(rows.Tokens, rows.Labels)[0].ToArray<float>();
        float[] given = Program.Compile(x => [.. preference.Apply(x)], training).RunAll(rows.Tokens, rows.Labels, reference)[0].ToArray<float>();
        float[] inference = preference.Predict(rows.ToDataset()).ToArray<float>();
        for (int i = 0; i < own.Length; i++)
            Assert.Equal(given[i], own[i], 1e-4);
        Assert.True(own.Zip(inference, (a, b) => Math.Abs(a - b)).Max() > 1e-3);
    }

    [Fact]
    public void MistakesAreNamed()
    {
        var policy = (CausalLanguageModel)Published.Load("llama");
        PreferenceRows rows = PreferencePairs.Pad(Pairs);
        Assert.Throws<OptionException>(() => new PreferenceModel(policy, 0));
        Assert.Throws<OptionException>(() => new PreferenceModel(policy, double.NaN));
        Assert.Contains(nameof(PreferenceModel.LogProbabilities), Assert.Throws<AdapterException>(() => new PreferenceModel(policy).Predict(rows.ToDataset())).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => new PreferenceModel(policy).Predict(rows.ToDataset(new TensorData(DType.Float32, [4, 3]))));
        Assert.Throws<ShapeException>(() => new PreferenceModel(policy).Predict(new ArrayDataset([rows.Tokens, new TensorData(DType.Int32, [4, 2, 3])], [])));
    }

    /// <summary>log π(chosen) - log π(rejected), from the logits of each text alone.</summary>
    private static double Ratio(CausalLanguageModel model, PreferencePair pair) => Answer(model, pair.Chosen) - Answer(model, pair.Rejected);

    private static double Answer(CausalLanguageModel model, SupervisedText text) => -SupervisedTests.Costs(model, text.Ids).Where((_, i) => text.Learned[i]).Sum();
}
