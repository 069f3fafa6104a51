using CsCheck;

namespace Anneal.Models.Tests;

/// <summary>The choice of tokens against the definitions, written out plainly.</summary>
public sealed class TokenSamplerTests
{
    private static readonly GenerationOptions Draws = new() { Temperature = 1, Seed = 1 };

    private static readonly Gen<float[]> Logits = Gen.Float[-6, 6].Array[2, 40];

    [Fact]
    public void TemperatureDividesScores() => Gen.Select(Logits, Gen.Double[0.1, 5]).Sample((logits, temperature) =>
        AssertSame(Softmax([.. logits.Select(l => l / temperature)]), Probabilities(Draws with { Temperature = temperature }, logits)), iter: 300, threads: 1);

    [Fact]
    public void TopKKeepsTheMostProbable() => Gen.Select(Logits, Gen.Int[1, 45]).Sample(
        (logits, k) =>
        {
            float least = logits.OrderDescending().Take(k).Last();
            AssertSame(Softmax([.. logits.Select(l => l < least ? double.NegativeInfinity : l)]), Probabilities(Draws with { TopK = k }, logits));
        },
        iter: 300, threads: 1);

    [Fact]
    public void TopPKeepsTheFewestThatReachIt() => Gen.Select(Logits, Gen.Double[0.01, 1]).Sample(
        (logits, p) =>
        {
            double[] all = Softmax(Doubles(logits));
            int[] falling = [.. Enumerable.Range(0, all.Length).OrderByDescending(i => logits[i]).ThenBy(i => i)];
            if (Enumerable.Range(1, falling.Length).Any(n => Math.Abs(falling.Take(n).Sum(i => all[i]) - p) < 1e-9))
                return;
            int needed = 1;
            while (needed < falling.Length && falling.Take(needed).Sum(i => all[i]) < p)
                needed++;
            double[] kept = [.. logits.Select((l, i) => falling.Take(needed).Contains(i) ? l : double.NegativeInfinity)];
            AssertSame(Softmax(kept), Probabilities(Draws with { TopP = p }, logits));
        },
        iter: 300, threads: 1);

    [Fact]
    public void MinPKeepsAFractionOfTheLargest() => Gen.Select(Logits, Gen.Double[0, 1]).Sample(
        (logits, least) =>
        {
            double[] all = Softmax(Doubles(logits));
            if (all.Any(a => a < all.Max() && Math.Abs(a - least * all.Max()) < 1e-9))
                return;
            double[] kept = [.. logits.Select((l, i) => all[i] < least * all.Max() ? double.NegativeInfinity : l)];
            AssertSame(Softmax(kept), Probabilities(Draws with { MinP = least }, logits));
        },
        iter: 300, threads: 1);

    [Fact]
    public void LimitsApplyOneAfterTheOther()
    {
        // Probabilities 0.4, 0.3, 0.2, 0.1: of the three most probable, 0.444, 0.333 and 0.222, two reach 0.75; the second has 0.75 of the first.
        float[] logits = [MathF.Log(0.1f), MathF.Log(0.3f), MathF.Log(0.4f), MathF.Log(0.2f)];
        AssertSame([0, 3.0 / 7, 4.0 / 7, 0], Probabilities(Draws with { TopK = 3, TopP = 0.75, MinP = 0.7 }, logits));
        AssertSame([0, 0, 1, 0], Probabilities(Draws with { TopK = 3, TopP = 0.75, MinP = 0.8 }, logits));
        AssertSame([0, 0.3 / 0.9, 0.4 / 0.9, 0.2 / 0.9], Probabilities(Draws with { TopP = 0.75 }, logits));
    }

    [Fact]
    public void TheRepetitionPenaltyWeakensWhatWasSeenOnce()
    {
        GenerationOptions draws = Draws with { RepetitionPenalty = 2, Temperature = 0.5 };
        AssertSame(Softmax([1.0 / 0.5, -2 / 0.5, 1.5 / 0.5]), Probabilities(draws, [2, -1, 1.5f], Text(draws, [0, 1, 0])));
        AssertSame(Softmax([1.0 / 0.5, -2 / 0.5, 1.5 / 0.5]), Probabilities(draws, [2, -1, 1.5f], Text(draws, [1, 0], 1, 0)));
        var greedy = new GenerationOptions { RepetitionPenalty = 2 };
        Assert.Equal(0, Choose(greedy, [2, -1, 1.5f], [1]));
        Assert.Equal(2, Choose(greedy, [2, -1, 1.5f], [1], 0));
    }

    [Fact]
    public void FrequencyAndPresenceCountWhatWasGenerated()
    {
        GenerationOptions draws = Draws with { FrequencyPenalty = 0.25, PresencePenalty = -1 };
        AssertSame(Softmax([2, -1 - 0.25 + 1, 1.5 - 3 * 0.25 + 1]), Probabilities(draws, [2, -1, 1.5f], Text(draws, [0, 0], 2, 1, 2, 2)));
        AssertSame(Softmax([2 - 0.5, -1, 1.5]), Probabilities(Draws with { FrequencyPenalty = 0.5 }, [2, -1, 1.5f], Text(draws, [1], 0)));

        // The repetition penalty first, and over the prompt too.
        GenerationOptions both = draws with { RepetitionPenalty = 2 };
        AssertSame(Softmax([1, -2 - 0.25 + 1, 1.5]), Probabilities(both, [2, -1, 1.5f], Text(both, [0], 1)));
    }

    [Fact]
    public void NoSequenceComesTwice()
    {
        // Of 0 1 2 0 1 | 3 0 1, what followed 0 1 were 2 and 3.
        Assert.Equal(0, Choose(new() { NoRepeatSize = 3 }, [1, 0, 3, 2], [0, 1, 2, 0, 1], 3, 0, 1));
        Assert.Equal(1, Choose(new() { NoRepeatSize = 1 }, [1, 0, 3, 2], [0], 2, 3));
        Assert.Equal(2, Choose(new() { NoRepeatSize = 9 }, [1, 0, 3, 2], [0, 1, 2, 0, 1], 3, 0, 1));
        Assert.Throws<ModelException>(() => Choose(new() { NoRepeatSize = 1 }, [1, 0], [0, 1]));
    }

    [Fact]
    public void TextsOfTheLeastLengthDoNotEndBefore()
    {
        foreach ((int expected, GenerationOptions options) in new[]
                 {
                     (0, new GenerationOptions { MinimumNewTokens = 3 }), (2, new GenerationOptions { MinimumNewTokens = 2 }),
                     (0, new GenerationOptions { MinimumLength = 5 }), (2, new GenerationOptions { MinimumLength = 4 }),
                 })
            Assert.Equal(expected, Choose(options with { EndTokens = [2, 3] }, [1, 0, 3, 2], [1, 1], 1, 1));
    }

    [Fact]
    public void LargeVocabulariesWithManyTiesAreCutAsBySorting() => Gen.Select(Gen.Int[0, 7].Array[3000], Gen.Double[0.01, 0.999], Gen.Int[1, 3000]).Sample(
        (levels, p, k) =>
        {
            float[] logits = Array.ConvertAll(levels, l => l * 0.5f);
            int[] falling = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).ThenBy(i => i)];
            double[] all = Softmax(Doubles(logits));
            int needed = 1;
            double sum = all[falling[0]];
            while (needed < falling.Length && sum < p)
                sum += all[falling[needed++]];
            if (Math.Abs(sum - p) < 1e-9 || Math.Abs(sum - all[falling[needed - 1]] - p) < 1e-9)
                return;
            HashSet<int> kept = [.. falling.Take(needed)];
            AssertSame(Softmax([.. logits.Select((l, i) => kept.Contains(i) ? l : double.NegativeInfinity)]), Probabilities(Draws with { TopP = p }, logits));
            float least = logits[falling[k - 1]];
            AssertSame(Softmax([.. logits.Select(l => l < least ? double.NegativeInfinity : l)]), Probabilities(Draws with { TopK = k }, logits));
        },
        iter: 30, threads: 1);

    [Fact]
    public void ChoosingAllocatesNothing()
    {
        float[] logits = [.. Enumerable.Range(0, 5000).Select(i => MathF.Sin(i))];
        GenerationOptions options = Draws with { TopK = 100, TopP = 0.9, MinP = 0.01, RepetitionPenalty = 1.1, FrequencyPenalty = 0.1, NoRepeatSize = 2, ForbiddenTokens = [3], MinimumNewTokens = 5, EndTokens = [4] };
        foreach (GenerationOptions each in new[] { options, new GenerationOptions(), new GenerationOptions { RepetitionPenalty = 2 } })
        {
            var sampler = new TokenSampler(each, logits.Length);
            GeneratedText text = Text(each, [1, 2, 3], 4, 5);
            sampler.Choose(logits, text);

            // A collection that another test's thread begins counts what is left of this thread's piece of the heap.
            Assert.Contains(0L, Enumerable.Range(0, 10).Select(_ =>
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 20; i++)
                    sampler.Choose(logits, text);
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }));
        }
    }

    [Fact]
    public void ForbiddenTokensAreNeverChosen()
    {
        Assert.Equal(2, Choose(new() { ForbiddenTokens = [0] }, [2, -1, 1.5f], [0]));
        AssertSame([0, 0, 1], Probabilities(Draws with { ForbiddenTokens = [0, 1] }, [2, -1, 1.5f]));
    }

    [Fact]
    public void OfEqualScoresTheFirstIsChosen() => Assert.Equal(1, Choose(new(), [0, 3, 3, 1], [0]));

    [Fact]
    public void DrawsFollowTheProbabilities()
    {
        const int Count = 40_000;
        float[] logits = [0, 1, -1, 2, float.NegativeInfinity];
        double[] expected = Softmax(Doubles(logits));
        int[] drawn = Draw(Draws with { Seed = 11 }, logits, Count);
        for (int token = 0; token < logits.Length; token++)
        {
            double deviation = Math.Sqrt(expected[token] * (1 - expected[token]) / Count);
            Assert.InRange(drawn.Count(t => t == token) / (double)Count, expected[token] - 5 * deviation, expected[token] + 5 * deviation);
        }
    }

    [Fact]
    public void TheSeedDecides()
    {
        float[] logits = [.. Enumerable.Range(0, 50).Select(i => MathF.Sin(i))];
        int[] first = Draw(Draws with { Seed = 5 }, logits, 50);
        Assert.Equal(first, Draw(Draws with { Seed = 5 }, logits, 50));
        Assert.NotEqual(first, Draw(Draws with { Seed = 6 }, logits, 50));
        Assert.NotEqual(first, Draw(Draws with { Seed = 5 + (1L << 32) }, logits, 50));
    }

    [Fact]
    public void ATinyTemperatureChoosesTheMostProbable() =>
        Assert.All(Draw(Draws with { Temperature = 1e-300, TopP = 0.5, MinP = 0.1 }, [1e30f, 2e30f, -3e38f], 20), t => Assert.Equal(1, t));

    [Fact]
    public void LogitsThatAreNotNumbersAreRefused()
    {
        foreach (GenerationOptions options in new[] { new GenerationOptions(), Draws, new GenerationOptions { RepetitionPenalty = 2 } })
        {
            Assert.Contains("token 1", Assert.Throws<ModelException>(() => Choose(options, [0, float.NaN], [0])).Message, StringComparison.Ordinal);
            Assert.Throws<ModelException>(() => Choose(options, [float.PositiveInfinity, 0], [0]));
            Assert.Throws<ModelException>(() => Choose(options, [float.NegativeInfinity, float.NegativeInfinity], [0]));
        }
    }

    public static TheoryData<string, GenerationOptions> Wrong => new()
    {
        { "MaximumNewTokens", new() { MaximumNewTokens = 0 } },
        { "RepetitionPenalty", new() { RepetitionPenalty = 0 } },
        { "RepetitionPenalty", new() { RepetitionPenalty = double.NaN } },
        { "Temperature", Draws with { Temperature = 0 } },
        { "Temperature", Draws with { Temperature = double.PositiveInfinity } },
        { "TopK", Draws with { TopK = 0 } },
        { "TopP", Draws with { TopP = 0 } },
        { "TopP", Draws with { TopP = 1.01 } },
        { "TopP", Draws with { TopP = double.NaN } },
        { "MinP", Draws with { MinP = -0.1 } },
        { "Seed", Draws with { Seed = -1 } },
        { "Seed", new() { Temperature = 1 } },
        { "TopK", new() { TopK = 2 } },
        { "TopP", new() { TopP = 0.5 } },
        { "MinP", new() { MinP = 0.5 } },
        { "Seed", new() { Seed = 1 } },
        { "EndTokens", new() { EndTokens = [10] } },
        { "EndTokens", new() { EndTokens = [1], ForbiddenTokens = [1] } },
        { "ForbiddenTokens", new() { ForbiddenTokens = [-1] } },
        { "ForbiddenTokens", new() { ForbiddenTokens = [.. Enumerable.Range(0, 10)] } },
        { "EndTokens", new() { EndTokens = null! } },
        { "MaximumLength", new() { MaximumLength = 0 } },
        { "MinimumNewTokens", new() { MinimumNewTokens = -1 } },
        { "MinimumNewTokens", new() { MinimumNewTokens = 5, MaximumNewTokens = 4 } },
        { "MinimumLength", new() { MinimumLength = -1 } },
        { "MinimumLength", new() { MinimumLength = 5, MaximumLength = 4 } },
        { "FrequencyPenalty", new() { FrequencyPenalty = double.NaN } },
        { "PresencePenalty", new() { PresencePenalty = double.PositiveInfinity } },
        { "NoRepeatSize", new() { NoRepeatSize = 0 } },
        { "BeginToken", new() { BeginToken = 10 } },
        { "DecoderStartToken", new() { DecoderStartToken = -1 } },
        { "BeamCount", new() { BeamCount = 0 } },
        { "BeamCount", Draws with { BeamCount = 2 } },
        { "LengthPenalty", new() { BeamCount = 2, LengthPenalty = double.NaN } },
        { "ReturnedSequences", new() { BeamCount = 2, ReturnedSequences = 3 } },
        { "ReturnedSequences", new() { ReturnedSequences = 0 } },
        { "BeamStopping", new() { BeamCount = 2, BeamStopping = (BeamStopping)3 } },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void OptionsAreChecked(string option, GenerationOptions options) =>
        Assert.Contains(option, Assert.Throws<OptionException>(() => options.Check(10)).Message, StringComparison.Ordinal);

    private static int[] Draw(GenerationOptions options, float[] logits, int count)
    {
        var sampler = new TokenSampler(options, logits.Length);
        GeneratedText text = Text(options, [0]);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Choose(logits, text))];
    }

    private static int Choose(GenerationOptions options, float[] logits, int[] prompt, params int[] made) =>
        new TokenSampler(options, logits.Length).Choose(logits, Text(options, prompt, made));

    private static GeneratedText Text(GenerationOptions options, int[] prompt, params int[] made)
    {
        var text = new GeneratedText(null, prompt, 100, TokenSampler.DrawsOf(options, 0), 0);
        Array.ForEach(made, token => text.Add(token, []));
        return text;
    }

    private static double[] Probabilities(GenerationOptions options, float[] logits, GeneratedText? text = null)
    {
        var sampler = new TokenSampler(options, logits.Length);
        double total = sampler.Weigh(logits, text ?? Text(options, [0]));
        return [.. sampler.Weights.ToArray().Select(w => w / total)];
    }

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, v => (double)v);

    private static double[] Softmax(double[] scores)
    {
        double[] powers = [.. scores.Select(s => Math.Exp(s - scores.Max()))];
        return [.. powers.Select(e => e / powers.Sum())];
    }

    private static void AssertSame(double[] expected, double[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i] == 0, found[i] == 0);
            Assert.InRange(found[i], expected[i] - 1e-7, expected[i] + 1e-7);
        }
    }
}
