namespace Anneal.Models.Tests;

/// <summary>The frequencies of all kinds of rotary positions against their definitions in double precision.</summary>
public sealed class RotaryTests
{
    private const int Dimension = 64, Longest = 4096;

    [Fact]
    public void PlainFrequenciesArePowersOfTheBase() =>
        AssertClose(i => Plain(i), new RopeParameters { Theta = 500000 }, 500000);

    [Fact]
    public void LinearScalingDividesAll() => AssertClose(i => Plain(i) / 2.5, new RopeParameters { Kind = RopeKind.Linear, Factor = 2.5 });

    [Fact]
    public void Llama3KeepsShortWavesAndDividesLongOnes()
    {
        var parameters = new RopeParameters { Kind = RopeKind.Llama3, Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalMaximumPositions = 1024 };
        AssertClose(
            i =>
            {
                double f = Plain(i), turns = 1024 * f / (2 * Math.PI), share = Math.Clamp((turns - 1) / 3, 0, 1);
                return f * (share + (1 - share) / 8);
            },
            parameters);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void YarnHasARampBetweenKeptAndDivided(bool truncate)
    {
        var parameters = new RopeParameters { Kind = RopeKind.Yarn, Factor = 4, OriginalMaximumPositions = 1024, BetaFast = 16, BetaSlow = 2, Truncate = truncate };
        double low = PairThatTurns(16), high = PairThatTurns(2);
        if (truncate)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        AssertClose(
            i =>
            {
                double divided = Math.Clamp((i - low) / (high - low), 0, 1);
                return Plain(i) * (divided / 4 + 1 - divided);
            },
            parameters);
        Assert.Equal(0.1 * Math.Log(4) + 1, new Rotary(parameters, Dimension, Longest, RotaryPairing.Halves).Scale, 12);
        Assert.Equal(0.7, new Rotary(parameters with { AttentionFactor = 0.7 }, Dimension, Longest, RotaryPairing.Halves).Scale);
        Assert.Equal(1, new Rotary(parameters with { MScale = 0.5, MScaleAllDimensions = 0.5 }, Dimension, Longest, RotaryPairing.Halves).Scale);
        Assert.Equal(
            new Rotary(parameters, Dimension, Longest, RotaryPairing.Halves).Frequencies.ToArray(),
            new Rotary(parameters with { Factor = null }, Dimension, Longest, RotaryPairing.Halves).Frequencies.ToArray());

        static double PairThatTurns(double times) => Dimension * Math.Log(1024 / (times * 2 * Math.PI)) / (2 * Math.Log(10000));
    }

    [Fact]
    public void DynamicScalingGrowsWithTheText()
    {
        var rotary = new Rotary(new RopeParameters { Kind = RopeKind.Dynamic, Factor = 2 }, Dimension, 16, RotaryPairing.Halves);
        Tensor positions = Tensor.Range(40, DType.Int64);
        double theta = 10000 * Math.Pow(2.0 * 40 / 16 - 1, Dimension / (Dimension - 2.0));
        float[] known = rotary.Tables(positions, 40).Cos.Evaluate().ToArray<float>(), found = rotary.Tables(positions, null).Cos.Evaluate().ToArray<float>();
        for (int t = 0; t < 40; t++)
        {
            for (int i = 0; i < Dimension / 2; i++)
            {
                double expected = Math.Cos(t * Math.Pow(theta, -2.0 * i / Dimension));
                Assert.Equal(expected, known[t * Dimension / 2 + i], 1e-5);
                Assert.Equal(expected, found[t * Dimension / 2 + i], 1e-5);
            }
        }

        Assert.Equal(rotary.Tables(Tensor.Range(16, DType.Int64), 16).Sin.Evaluate().ToArray<float>(), rotary.Tables(Tensor.Range(16, DType.Int64), null).Sin.Evaluate().ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void AShareOfTheHeadIsTurned() =>
        Assert.Equal(8, new Rotary(new RopeParameters { PartialFactor = 0.25 }, Dimension, Longest, RotaryPairing.Interleaved).Frequencies.Length);

    [Fact]
    public void BucketsOfDistancesFollowTheirDefinition()
    {
        // Both ways, 32 buckets to 128: eight distances of their own on each side, then logarithmic ones.
        Assert.Equal([0, 1, 7, 8, 8, 10, 12, 14, 15, 15], new[] { 0, -1, -7, -8, -10, -16, -32, -64, -128, -1000 }.Select(d => T5RelativeBias.Bucket(d, true, 32, 128)));
        Assert.Equal([17, 23, 24, 31], new[] { 1, 7, 8, 500 }.Select(d => T5RelativeBias.Bucket(d, true, 32, 128)));
        Assert.Equal([0, 15, 16, 31, 0], new[] { 0, -15, -16, -128, 5 }.Select(d => T5RelativeBias.Bucket(d, false, 32, 128)));
    }

    private static double Plain(int pair, double theta = 10000) => Math.Pow(theta, -2.0 * pair / Dimension);

    private static void AssertClose(Func<int, double> expected, RopeParameters parameters, double theta = 10000)
    {
        float[] found = new Rotary(parameters, Dimension, Longest, RotaryPairing.Halves).Frequencies.ToArray();
        Assert.Equal(Dimension / 2, found.Length);
        for (int i = 0; i < found.Length; i++)
        {
            double right = theta == 10000 ? expected(i) : Plain(i, theta);
            Assert.True(Math.Abs(found[i] - right) <= 2e-6 * right, $"pair {i}: {found[i]:R}, expected {right:R}");
        }
    }
}
