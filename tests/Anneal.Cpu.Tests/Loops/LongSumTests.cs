using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>
/// Sums of millions of float32 values: the relative error stays below 1e-6, also where every rounding goes the same way, as it does when
/// one number is added again and again.
/// </summary>
public sealed class LongSumTests
{
    private const long Length = 1 << 24;
    private const double Allowed = 1e-6;
    private static readonly CpuDevice Device = new(new CpuOptions { Threads = 2 });

    public static TheoryData<string> Kinds => ["0.1", "0.7", "uniform", "near 1", "wide"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void SumsMeansAndVariances(string kind)
    {
        float[] x = Draw(kind, Length);
        double sum = x.Sum(v => (double)v), mean = sum / Length, variance = x.Sum(v => (v - mean) * (v - mean)) / Length;
        float[] actual = Run(x, [Length], t => Tensor.Stack(0, t.Sum(), t.Mean(), t.Variance(), (t * 2 + 1).Sum()));
        RequireClose(sum, actual[0], "sum");
        RequireClose(mean, actual[1], "mean");

        // The variance of one number is the square of the mean's rounding.
        if (variance > 1e-9)
            RequireClose(variance, actual[2], "variance");
        RequireClose(2 * sum + Length, actual[3], "sum of a computed value");
    }

    [Theory]
    [InlineData("0.1", 2)]
    [InlineData("0.1", 64)]
    [InlineData("0.7", 16)]
    [InlineData("uniform", 16)]
    [InlineData("wide", 3)]
    public void ColumnsAndTransposes(string kind, int columns)
    {
        long rows = Length / columns;
        float[] x = Draw(kind, rows * columns);
        var expected = new double[columns];
        for (long i = 0; i < x.Length; i++)
            expected[i % columns] += x[i];
        float[] actual = Run(x, [rows, columns], t => t.Sum([0])), strided = Run(x, [rows, columns], t => t.Transpose().Sum([1]));
        float whole = Run(x, [rows, columns], t => t.Transpose().Sum())[0];
        for (int i = 0; i < columns; i++)
        {
            RequireClose(expected[i], actual[i], $"column {i}");
            RequireClose(expected[i], strided[i], $"row {i} of the transpose");
        }

        RequireClose(expected.Sum(), whole, "the transpose");
    }

    [Theory]
    [InlineData("0.1", 1, 1)]
    [InlineData("0.7", 1, 1)]
    [InlineData("uniform", 1, 1)]
    [InlineData("wide", 1, 1)]
    [InlineData("0.1", 5, 3)]
    [InlineData("uniform", 5, 3)]
    public void Products(string kind, int m, int n)
    {
        const int k = 1 << 20;
        float[] a = Draw(kind, m * k), b = Draw(kind, n * k);
        Graph graph = Graph.Of("product", [new(DType.Float32, [m, k]), new(DType.Float32, [n, k])], x => [x[0].MatMul(x[1], transposeOther: true)]);
        ProgramContext context = CompiledGraph.Compile(graph, Device).CreateContext();
        a.CopyTo(context.Inputs[0].AsSpan<float>());
        b.CopyTo(context.Inputs[1].AsSpan<float>());
        context.Run();
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double expected = 0;
                for (int l = 0; l < k; l++)
                    expected += (double)a[i * k + l] * b[j * k + l];
                RequireClose(expected, context.Outputs[0].AsSpan<float>()[i * n + j], $"[{i}, {j}]");
            }
        }
    }

    [Fact]
    public void InfinitiesAndWhatIsNoNumberAreKept()
    {
        var x = new float[200_000];
        Array.Fill(x, 1);
        x[150_000] = float.PositiveInfinity;
        Assert.Equal(float.PositiveInfinity, Run(x, [x.Length], t => t.Sum())[0]);
        Assert.Equal(float.PositiveInfinity, Run(x, [x.Length / 2, 2], t => t.Sum([0]))[0]);
        x[7] = float.NegativeInfinity;
        Assert.Equal(float.NaN, Run(x, [x.Length], t => t.Sum())[0]);
        Array.Fill(x, 3e38f);
        Assert.Equal(float.PositiveInfinity, Run(x, [x.Length], t => t.Sum())[0]);
    }

    /// <summary>Published results depend on the bits of shorter sums: chunks of 4096, in each 64 lanes and then a tree.</summary>
    [Fact]
    public void SumsUpToTwoToTheSeventeenthAreInTheirOwnOrder()
    {
        float[] x = Draw("uniform", 1 << 17);
        float[] chunks = [.. x.Chunk(4096).Select(Plain)];
        Assert.Equal(Plain(chunks), Run(x, [x.Length], t => t.Sum())[0]);
        float column = 0;
        foreach (float[][] group in Draw("uniform", 128 * 5).Chunk(5).Chunk(16))
        {
            float sum = 0;
            foreach (float[] row in group)
                sum += row[2];
            column += sum;
        }

        Assert.Equal(column, Run(Draw("uniform", 128 * 5), [128, 5], t => t.Sum([0]))[2]);
    }

    private static float Plain(float[] values)
    {
        var lanes = new float[64];
        for (int i = 0; i < values.Length; i++)
            lanes[i % 64] += values[i];
        for (int half = 32; half >= 1; half /= 2)
        {
            for (int i = 0; i < half; i++)
                lanes[i] += lanes[i + half];
        }

        return lanes[0];
    }

    private static float[] Draw(string kind, long count)
    {
        var random = new Random(5);
        var x = new float[count];
        for (long i = 0; i < count; i++)
        {
            x[i] = kind switch
            {
                "0.1" => 0.1f,
                "0.7" => 0.7f,
                "uniform" => random.NextSingle(),
                "near 1" => 1 + 1e-3f * random.NextSingle(),
                _ => MathF.Exp(8 * random.NextSingle() - 4),
            };
        }

        return x;
    }

    private static float[] Run(float[] x, Shape shape, Func<Tensor, Tensor> function)
    {
        Graph graph = Graph.Of("sum", [new(DType.Float32, shape)], t => [function(t[0])]);
        ProgramContext context = CompiledGraph.Compile(graph, Device).CreateContext();
        x.CopyTo(context.Inputs[0].AsSpan<float>());
        context.Run();
        return context.Outputs[0].ToArray<float>();
    }

    private static void RequireClose(double expected, float actual, string what)
    {
        double error = Math.Abs(actual - expected) / Math.Abs(expected);
        Assert.True(error <= Allowed, $"{what}: expected {expected:R}, got {actual:R}, relative error {error:G3}");
    }
}
