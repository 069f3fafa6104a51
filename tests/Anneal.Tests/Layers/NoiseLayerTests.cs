using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>The distributions of noise. Bounds are five standard errors of what is estimated; the seed is fixed, so a failure is no chance.</summary>
public sealed class NoiseLayerTests
{
    private const int Count = 200_000;

    [Fact]
    public void NormalNumbersHaveTheMomentsAndTailsOfTheNormalDistribution()
    {
        double[] z = Draw(() => Tensor.RandomNormal([Count], "test"));
        double mean = z.Average(), variance = z.Average(v => (v - mean) * (v - mean));
        double Moment(int power) => z.Average(v => Math.Pow(v - mean, power)) / Math.Pow(variance, power / 2.0);
        Assert.Equal(0, mean, 5 / Math.Sqrt(Count));
        Assert.Equal(1, variance, 5 * Math.Sqrt(2.0 / Count));
        Assert.Equal(0, Moment(3), 5 * Math.Sqrt(6.0 / Count));
        Assert.Equal(3, Moment(4), 5 * Math.Sqrt(24.0 / Count));

        // 1 - Φ at 1, 2, 3 and 4.
        foreach ((double at, double share) in ((double, double)[])[(1, 0.15865525), (2, 0.02275013), (3, 0.00134990), (4, 3.16712e-5)])
        {
            double error = 5 * Math.Sqrt(share / Count);
            Assert.Equal(share, z.Count(v => v > at) / (double)Count, error);
            Assert.Equal(share, z.Count(v => v < -at) / (double)Count, error);
        }

        Assert.All(z, v => Assert.True(Math.Abs(v) < 5.78));
    }

    [Fact]
    public void NeighboursAreNotCorrelated()
    {
        double[] z = Draw(() => Tensor.RandomNormal([Count], "test"));
        foreach (int lag in (int[])[1, 2, 3, 4, 64])
            Assert.Equal(0, z.Skip(lag).Zip(z, (a, b) => a * b).Average(), 5 / Math.Sqrt(Count));
    }

    [Fact]
    public void NormalNumbersFollowFromSeedStepAndStream()
    {
        static Program Make(int seed) => Program.Compile(
            _ => [Tensor.RandomNormal([50], "a"), Tensor.RandomNormal([50], "b"), Tensor.RandomNormal([50], "a")], new ProgramOptions { Seed = seed });
        Program first = Make(1), again = Make(1), other = Make(2);
        TensorData[] a = first.RunAll(), b = again.RunAll(), c = other.RunAll(), next = first.RunAll();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(a[i].AsBytes().ToArray(), b[i].AsBytes().ToArray());
            Assert.NotEqual(a[i].AsBytes().ToArray(), c[i].AsBytes().ToArray());
            Assert.NotEqual(a[i].AsBytes().ToArray(), next[i].AsBytes().ToArray());
            Assert.NotEqual(a[i].AsBytes().ToArray(), a[(i + 1) % 3].AsBytes().ToArray());
        }
    }

    [Fact]
    public void ProcessorAndReferenceDrawTheSame()
    {
        double[] cpu = Draw(() => Tensor.RandomNormal([1000], "test"));
        double[] reference = Values.ToDoubles(
            Program.Compile(() => Tensor.RandomNormal([1000], "test"), new ProgramOptions { Seed = 1, Device = new Reference.ReferenceDevice() }).Run());
        Assert.Null(Comparer.Difference(reference, cpu, new Tolerance(2e-6, 2e-6)));
    }

    [Fact]
    public void SpatialDropoutDropsWholeChannels()
    {
        foreach ((Layer layer, Shape shape) in ((Layer, Shape)[])[(new SpatialDropout1D(0.25), [200, 5, 20]), (new SpatialDropout2D(0.25), [200, 5, 2, 20])])
        {
            float[] y = Disturb(layer, 1, shape);
            int dropped = 0, places = (int)shape[1..^1].ElementCount;
            for (int i = 0; i < 200 * 20; i++)
            {
                float[] channel = [.. Enumerable.Range(0, places).Select(p => y[(i / 20 * places + p) * 20 + i % 20])];
                Assert.All(channel, v => Assert.Equal(channel[0], v));
                Assert.True(channel[0] == 0 || Math.Abs(channel[0] - 4 / 3f) < 1e-6);
                dropped += channel[0] == 0 ? 1 : 0;
            }

            Assert.Equal(0.25, dropped / 4000.0, 5 * Math.Sqrt(0.25 * 0.75 / 4000));
        }
    }

    [Fact]
    public void GaussianNoiseIsAdded()
    {
        double[] y = [.. Disturb(new GaussianNoise(0.5), 3, [Count])];
        Assert.Equal(3, y.Average(), 5 * 0.5 / Math.Sqrt(Count));
        Assert.Equal(0.25, y.Average(v => (v - 3) * (v - 3)), 5 * 0.25 * Math.Sqrt(2.0 / Count));
    }

    [Fact]
    public void GaussianDropoutHasTheVarianceOfDropout()
    {
        double[] y = [.. Disturb(new GaussianDropout(0.2), 2, [Count])];
        Assert.Equal(2, y.Average(), 5 / Math.Sqrt(Count));
        Assert.Equal(4 * 0.25, y.Average(v => (v - 2) * (v - 2)), 5 * Math.Sqrt(2.0 / Count));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void AlphaDropoutKeepsMeanAndVariance(double rate)
    {
        double[] z = Values.Uniform(Count, -Math.Sqrt(3), Math.Sqrt(3), 7);
        TensorData data = Values.ToData(z, new TensorType(DType.Float32, [Count]));
        var layer = new AlphaDropout(rate);
        double[] y = Values.ToDoubles(Program.Compile(x => layer.Apply(x), new ProgramOptions { Training = true, Seed = 1 }).Run(data));
        Assert.Equal(0, y.Average(), 5 / Math.Sqrt(Count));
        Assert.Equal(1, y.Average(v => v * v), 10 / Math.Sqrt(Count));

        // Each element is either the saturated value or itself, moved by one line.
        const double saturated = -1.7580993408473766;
        double a = Math.Pow((1 - rate) * (1 + rate * saturated * saturated), -0.5), b = -a * saturated * rate;
        int dropped = 0;
        for (int i = 0; i < Count; i++)
        {
            bool isDropped = Math.Abs(y[i] - (a * saturated + b)) < 1e-5;
            Assert.True(isDropped || Math.Abs(y[i] - (a * z[i] + b)) < 1e-5);
            dropped += isDropped ? 1 : 0;
        }

        Assert.Equal(rate, dropped / (double)Count, 5 * Math.Sqrt(rate * (1 - rate) / Count));
    }

    [Fact]
    public void NothingHappensOutsideOfTraining()
    {
        foreach (Layer layer in Layers())
        {
            TensorData x = Values.ToData(Values.Uniform(24, -1, 1, 3), new TensorType(DType.Float32, layer is SpatialDropout2D ? [2, 3, 2, 2] : [2, 4, 3]));
            Assert.Equal(x.ToArray<float>(), layer.Apply(Tensor.From(x)).ToArray<float>());
            float[] disturbed = Program.Compile(a => layer.Apply(a), new ProgramOptions { Training = true, Seed = 1 }).Run(x).ToArray<float>();
            Assert.NotEqual(x.ToArray<float>(), disturbed);
        }
    }

    [Fact]
    public void BadOptionsAndInputsAreNamed()
    {
        foreach (double rate in (double[])[-0.1, 1, double.NaN])
        {
            NormalizationLayerTests.Says<OptionException>("SpatialDropout1D: rate", () => new SpatialDropout1D(rate));
            NormalizationLayerTests.Says<OptionException>("SpatialDropout2D: rate", () => new SpatialDropout2D(rate));
            NormalizationLayerTests.Says<OptionException>("GaussianDropout: rate", () => new GaussianDropout(rate));
            NormalizationLayerTests.Says<OptionException>("AlphaDropout: rate", () => new AlphaDropout(rate));
        }

        NormalizationLayerTests.Says<OptionException>("deviation", () => new GaussianNoise(-1));
        NormalizationLayerTests.Says<ShapeException>("[batch, time, channels]", () => new SpatialDropout1D(0.1).Apply(Tensor.Zeros([2, 3])));
        NormalizationLayerTests.Says<ShapeException>("[batch, height, width, channels]", () => new SpatialDropout2D(0.1).Apply(Tensor.Zeros([2, 3, 4])));
        foreach (Layer layer in Layers())
            NormalizationLayerTests.Says<DTypeException>("floating-point", () => layer.Apply(Tensor.Zeros([2, 3, 4], DType.Int32)));
    }

    private static Layer[] Layers() => [new SpatialDropout1D(0.5), new SpatialDropout2D(0.5), new GaussianNoise(1), new GaussianDropout(0.5), new AlphaDropout(0.5)];

    private static double[] Draw(Func<Tensor> draw) => Values.ToDoubles(Program.Compile(draw, new ProgramOptions { Seed = 1 }).Run());

    private static float[] Disturb(Layer layer, double value, Shape shape) =>
        Program.Compile(() => layer.Apply(Tensor.Full(shape, value)), new ProgramOptions { Training = true, Seed = 1 }).Run().ToArray<float>();
}
