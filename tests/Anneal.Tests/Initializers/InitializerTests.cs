namespace Anneal.Tests;

public class InitializerTests
{
    [Theory]
    [InlineData("GlorotUniform", 2.0 / (200 + 300), 1.7320509)]
    [InlineData("GlorotNormal", 2.0 / (200 + 300), 2.2736)]
    [InlineData("HeUniform", 2.0 / 200, 1.7320509)]
    [InlineData("HeNormal", 2.0 / 200, 2.2736)]
    [InlineData("LeCunUniform", 1.0 / 200, 1.7320509)]
    [InlineData("LeCunNormal", 1.0 / 200, 2.2736)]
    public void VariancesAndLimitsAreThoseOfKeras(string name, double variance, double limit)
    {
        Initializer initializer = name switch
        {
            "GlorotUniform" => Initializer.GlorotUniform,
            "GlorotNormal" => Initializer.GlorotNormal,
            "HeUniform" => Initializer.HeUniform,
            "HeNormal" => Initializer.HeNormal,
            "LeCunUniform" => Initializer.LeCunUniform,
            _ => Initializer.LeCunNormal,
        };
        float[] values = Fill(initializer, [200, 300]);
        double deviation = Math.Sqrt(variance);
        Assert.InRange(values.Average(), -0.02 * deviation, 0.02 * deviation);
        Assert.InRange(values.Average(v => (double)v * v) / variance, 0.98, 1.02);
        Assert.InRange(values.Max(Math.Abs) / deviation, 0.99 * limit, 1.0001 * limit);
    }

    [Fact]
    public void FansOfConvolutionsCountTheWindow()
    {
        Assert.Equal((9 * 4, 9 * 8), Initializer.Fans([3, 3, 4, 8]));
        Assert.Equal((5, 7), Initializer.Fans([5, 7]));
        Assert.Equal((6, 6), Initializer.Fans([6]));
        Assert.Equal((1, 1), Initializer.Fans([]));
    }

    [Fact]
    public void SimpleDistributionsHaveTheirMoments()
    {
        float[] normal = Fill(new RandomNormal(1, 0.5), [100, 100]), cut = Fill(new TruncatedNormal(1, 0.5), [100, 100]), even = Fill(new RandomUniform(-1, 3), [100, 100]);
        Assert.Equal(1, normal.Average(), 1);
        Assert.InRange(normal.Average(v => (v - 1.0) * (v - 1.0)), 0.24, 0.26);
        Assert.InRange(cut.Max(), 1.9f, 2f);
        Assert.InRange(cut.Min(), 0f, 0.1f);
        Assert.InRange(even.Min(), -1f, -0.99f);
        Assert.InRange(even.Max(), 2.99f, 3f);
        Assert.All(Fill(new Constant(0.25), 7), v => Assert.Equal(0.25f, v));
    }

    [Theory]
    [InlineData(4, 9)]
    [InlineData(9, 4)]
    [InlineData(5, 5)]
    public void OrthogonalRowsOrColumnsAre(int rows, int columns)
    {
        float[] values = Fill(new Orthogonal(2), [rows, columns]);
        bool wide = rows < columns;
        int count = Math.Min(rows, columns), length = Math.Max(rows, columns);
        for (int a = 0; a < count; a++)
        {
            for (int b = 0; b < count; b++)
            {
                double dot = Enumerable.Range(0, length).Sum(k => (double)At(a, k) * At(b, k));
                Assert.Equal(a == b ? 4 : 0, dot, 5);
            }
        }

        float At(int vector, int k) => wide ? values[vector * columns + k] : values[k * columns + vector];
    }

    [Fact]
    public void ValuesAreTheSameInEveryProcess()
    {
        // Written down once: a change would give every seed other models.
        float[] values = Fill(Initializer.GlorotUniform, [2, 2]);
        Assert.Equal(values, Fill(Initializer.GlorotUniform, [2, 2]));
        Assert.NotEqual(values, Fill(Initializer.GlorotUniform, [2, 2], seed: 4));
        Assert.NotEqual(values, Fill(Initializer.GlorotUniform, [2, 2], stream: 8));
    }

    private static float[] Fill(Initializer initializer, Shape shape, ulong seed = 3, ulong stream = 7)
    {
        var data = new TensorData(DType.Float32, shape);
        initializer.Fill(data, seed, stream);
        return data.ToArray<float>();
    }
}
