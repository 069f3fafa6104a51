
namespace Anneal.Cpu.Tests;

public sealed unsafe class PoolingTests
{
    [Fact]
    public void All_kernels_agree_with_naive_loops()
    {
        Random random = new(11);
        Check(new(2, 26, 26, 32, 2, 2), random, false);
        Check(new(2, 11, 11, 64, 2, 2), random, true);
        Check(new(2, 7, 5, 3, 2, 2), random, true);
        for (int i = 0; i < 120; i++)
        {
            int windowHeight = random.Next(1, 4), windowWidth = random.Next(1, 4);
            PoolShape shape = new(
                random.Next(0, 4), random.Next(1, 12), random.Next(1, 12), random.Next(1, 40), windowHeight, windowWidth)
            {
                StrideHeight = random.Next(1, 4),
                StrideWidth = random.Next(1, 4),
                PaddingTop = random.Next(0, 3),
                PaddingBottom = random.Next(0, 3),
                PaddingLeft = random.Next(0, 3),
                PaddingRight = random.Next(0, 3),
                CountIncludePadding = random.Next(2) == 0,
            };
            Check(shape, random, i % 3 == 0);
        }
    }

    private static void Check(in PoolShape shape, Random random, bool special)
    {
        long inputs = shape.Batch * shape.Height * shape.Width * shape.Channels;
        long outputs = shape.Batch * shape.OutputHeight * shape.OutputWidth * shape.Channels;
        using GuardedBuffer x = new(inputs, random), source = new(inputs, random), upstream = new(outputs, random);
        // Few distinct values, so that ties are common.
        foreach (ref float value in x.Span)
            value = random.Next(6) switch { 0 when special => float.NaN, 1 when special => float.NegativeInfinity, int other => other };
        Expected expected = new(shape, x.Span, source.Span, upstream.Span);
        for (int threads = 1; threads <= 3; threads++)
        {
            using WorkerPool pool = new(threads);
            using GuardedBuffer output = new(outputs), gradient = new(inputs);
            new MaxPool2DKernel(shape, threads).Run(x.Pointer, output.Pointer, pool);
            AssertEqual(expected.Maximum, output.Span, $"maximum {shape}");
            new MaxPoolGradientKernel(shape, threads).Run(x.Pointer, upstream.Pointer, gradient.Pointer, pool);
            AssertEqual(expected.MaximumGradient, gradient.Span, $"maximum gradient {shape}");
            new MaxPoolSelectKernel(shape, threads).Run(x.Pointer, source.Pointer, output.Pointer, pool);
            AssertEqual(expected.Selected, output.Span, $"selection {shape}");
            new AveragePool2DKernel(shape, threads).Run(x.Pointer, output.Pointer, pool);
            AssertEqual(expected.Average, output.Span, $"average {shape}");
            new AveragePoolGradientKernel(shape, threads).Run(upstream.Pointer, gradient.Pointer, pool);
            AssertEqual(expected.AverageGradient, gradient.Span, $"average gradient {shape}");
        }
    }

    /// <summary>The orders are defined, so that values must be equal (NaN to NaN).</summary>
    private static void AssertEqual(float[] expected, Span<float> actual, string what)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(expected[i].Equals(actual[i]) || expected[i] == actual[i], $"{what} at {i}: {expected[i]} and {actual[i]}.");
    }

    private sealed class Expected
    {
        internal Expected(in PoolShape shape, Span<float> x, Span<float> source, Span<float> upstream)
        {
            Maximum = new float[upstream.Length];
            Selected = new float[upstream.Length];
            Average = new float[upstream.Length];
            MaximumGradient = new float[x.Length];
            AverageGradient = new float[x.Length];
            for (int i = 0; i < upstream.Length; i++)
            {
                int channel = i % shape.Channels;
                int column = i / shape.Channels % shape.OutputWidth;
                int row = i / shape.Channels / shape.OutputWidth % shape.OutputHeight;
                int image = i / shape.Channels / shape.OutputWidth / shape.OutputHeight;
                List<int> places = Places(shape, image, row, column, channel);
                int best = -1;
                float sum = 0;
                foreach (int place in places)
                {
                    sum += x[place];
                    if (best < 0 || x[place] > x[best] || (float.IsNaN(x[place]) && !float.IsNaN(x[best])))
                        best = place;
                }

                float divisor = shape.CountIncludePadding ? shape.WindowHeight * shape.WindowWidth : Math.Max(1, places.Count);
                Average[i] = sum / divisor;
                foreach (int place in places)
                    AverageGradient[place] += upstream[i] / divisor;
                Maximum[i] = best < 0 ? float.NegativeInfinity : x[best];
                if (best < 0)
                    continue;
                Selected[i] = source[best];
                MaximumGradient[best] += upstream[i];
            }
        }

        internal float[] Maximum { get; }

        internal float[] Selected { get; }

        internal float[] Average { get; }

        internal float[] MaximumGradient { get; }

        internal float[] AverageGradient { get; }

        private static List<int> Places(in PoolShape shape, int image, int row, int column, int channel)
        {
            List<int> places = [];
            for (int tap = 0; tap < shape.WindowHeight * shape.WindowWidth; tap++)
            {
                int y = (row * shape.StrideHeight) - shape.PaddingTop + (tap / shape.WindowWidth);
                int x = (column * shape.StrideWidth) - shape.PaddingLeft + (tap % shape.WindowWidth);
                if (y >= 0 && y < shape.Height && x >= 0 && x < shape.Width)
                    places.Add((((((image * shape.Height) + y) * shape.Width) + x) * shape.Channels) + channel);
            }

            return places;
        }
    }
}
