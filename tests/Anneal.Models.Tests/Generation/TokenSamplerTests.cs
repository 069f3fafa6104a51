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
        var sampler = new TokenSampler(Draws with { RepetitionPenalty = 2, Temperature = 0.5 }, 3);
        foreach (int token in new[] { 0, 1, 0 })
            sampler.See(token);
        AssertSame(Softmax([1.0 / 0.5, -2 / 0.5, 1.5 / 0.5]), Probabilities(sampler, [2, -1, 1.5f]));
        var greedy = new TokenSampler(new GenerationOptions { RepetitionPenalty = 2 }, 3);
        Assert.Equal(0, greedy.Choose([2, -1, 1.5f]));
        greedy.See(0);
        Assert.Equal(2, greedy.Choose([2, -1, 1.5f]));
    }

    [Fact]
    public void ForbiddenTokensAreNeverChosen()
    {
        Assert.Equal(2, new TokenSampler(new GenerationOptions { ForbiddenTokens = [0] }, 3).Choose([2, -1, 1.5f]));
        AssertSame([0, 0, 1], Probabilities(Draws with { ForbiddenTokens = [0, 1] }, [2, -1, 1.5f]));
    }

    [Fact]
    public void OfEqualScoresTheFirstIsChosen() => Assert.Equal(1, new TokenSampler(new GenerationOptions(), 4).Choose([0, 3, 3, 1]));

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
        var sampler = new TokenSampler(new GenerationOptions(), 2);
        Assert.Contains("token 1", Assert.Throws<ModelException>(() => sampler.Choose([0, float.NaN])).Message, StringComparison.Ordinal);
        Assert.Throws<ModelException>(() => sampler.Choose([float.PositiveInfinity, 0]));
        Assert.Throws<ModelException>(() => sampler.Choose([float.NegativeInfinity, float.NegativeInfinity]));
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
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void OptionsAreChecked(string option, GenerationOptions options) =>
        Assert.Contains(option, Assert.Throws<OptionException>(() => options.Check(10)).Message, StringComparison.Ordinal);

    private static int[] Draw(GenerationOptions options, float[] logits, int count)
    {
        var sampler = new TokenSampler(options, logits.Length);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Choose(logits))];
    }

    private static double[] Probabilities(GenerationOptions options, float[] logits) => Probabilities(new TokenSampler(options, logits.Length), logits);

    private static double[] Probabilities(TokenSampler sampler, float[] logits)
    {
        var probabilities = new double[logits.Length];
        List<TokenSampler.Candidate> candidates = sampler.Distribution(logits);
        foreach ((int token, _, double weight) in candidates)
            probabilities[token] = weight / candidates.Sum(c => c.Weight);
        return probabilities;
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
