
namespace Anneal.Cpu.Tests;

public sealed unsafe class ConvolutionTests
{
    [Fact]
    public void Agrees_with_naive_loops_for_many_shapes()
    {
        Random random = new(77);
        for (int i = 0; i < 150; i++)
        {
            int groups = random.Next(4) == 0 ? random.Next(1, 4) : 1;
            int kernelHeight = random.Next(1, 5), kernelWidth = random.Next(1, 5);
            int channels = groups * random.Next(1, random.Next(3) == 0 ? 35 : 6);
            Check(new(random.Next(1, 4), random.Next(1, 14), random.Next(1, 14), channels, kernelHeight, kernelWidth,
                groups * random.Next(1, random.Next(3) == 0 ? 35 : 6))
            {
                StrideHeight = random.Next(1, 4),
                StrideWidth = random.Next(1, 4),
                DilationHeight = random.Next(4) == 0 ? random.Next(1, 4) : 1,
                DilationWidth = random.Next(4) == 0 ? random.Next(1, 4) : 1,
                PaddingTop = random.Next(4),
                PaddingBottom = random.Next(3),
                PaddingLeft = random.Next(4),
                PaddingRight = random.Next(3),
                Groups = groups,
            });
        }
    }

    [Fact]
    public void Agrees_for_the_shapes_of_a_small_image_model()
    {
        Check(new(3, 28, 28, 1, 3, 3, 32));
        Check(new(3, 13, 13, 32, 3, 3, 64));
        Check(new(1, 14, 14, 16, 3, 3, 33) { PaddingTop = 1, PaddingBottom = 1, PaddingLeft = 1, PaddingRight = 1 });
    }

    [Fact]
    public void Depthwise_agrees() => Check(new(2, 9, 8, 20, 3, 3, 20) { Groups = 20, PaddingTop = 1, PaddingLeft = 1 });

    [Theory]
    [InlineData(0, 5, 5, 3, 4)]
    [InlineData(2, 5, 5, 0, 4)]
    [InlineData(2, 5, 5, 3, 0)]
    [InlineData(2, 1, 1, 3, 4)] // no window fits
    public void Empty_shapes_are_fine(int batch, int height, int width, int channels, int outputChannels) =>
        Check(new(batch, height, width, channels, 3, 3, outputChannels));

    private static void Check(in ConvShape shape)
    {
        Random random = new(5);
        long inputs = shape.InputRows * shape.Channels;
        long outputs = shape.OutputRows * shape.OutputChannels;
        long weights = shape.PatchLength * shape.OutputChannels;
        using GuardedBuffer x = new(inputs, random), w = new(weights, random), upstream = new(outputs, random);
        using GuardedBuffer y = new(outputs), dx = new(inputs), dw = new(weights);
        for (int threads = 1; threads <= 3; threads += 2)
        {
            using WorkerPool pool = new(threads);
            ConvForwardKernel forward = new(shape, threads);
            ConvInputGradientKernel inputGradient = new(shape, threads);
            ConvWeightGradientKernel weightGradient = new(shape, threads);
            using GuardedBuffer y2 = new(outputs), dx2 = new(inputs), dw2 = new(weights);
            using (GuardedBuffer scratch = new(forward.ScratchBytes / sizeof(float)))
            {
                CoverageEpilogue coverage = new(shape.OutputRows, shape.OutputChannels, threads);
                forward.Run(x.Pointer, w.Pointer, y2.Pointer, scratch.Bytes, coverage, pool);
                coverage.AssertOnce($"forward {shape}");
            }

            using (GuardedBuffer scratch = new(inputGradient.ScratchBytes / sizeof(float)))
            {
                CoverageEpilogue coverage = new(shape.InputRows, shape.Channels, threads);
                inputGradient.Run(upstream.Pointer, w.Pointer, dx2.Pointer, scratch.Bytes, coverage, pool);
                coverage.AssertOnce($"input gradient {shape}");
            }

            using (GuardedBuffer scratch = new(weightGradient.ScratchBytes / sizeof(float)))
            {
                CoverageEpilogue coverage = new(shape.PatchLength, shape.OutputChannels, threads);
                weightGradient.Run(x.Pointer, upstream.Pointer, dw2.Pointer, scratch.Bytes, coverage, pool);
                if (weights > 0)
                    coverage.AssertOnce($"weight gradient {shape}");
            }

            if (threads == 1)
            {
                y2.Span.CopyTo(y.Span);
                dx2.Span.CopyTo(dx.Span);
                dw2.Span.CopyTo(dw.Span);
            }

            FloatComparer.SameBits(y.Span, y2.Span, $"forward {shape}");
            FloatComparer.SameBits(dx.Span, dx2.Span, $"input gradient {shape}");
            FloatComparer.SameBits(dw.Span, dw2.Span, $"weight gradient {shape}");
        }

        CompareWithNaive(shape, x.Span, w.Span, upstream.Span, y.Span, dx.Span, dw.Span);
    }

    private static void CompareWithNaive(
        in ConvShape shape, Span<float> x, Span<float> w, Span<float> upstream, Span<float> y, Span<float> dx, Span<float> dw)
    {
        double[] ySum = new double[y.Length], yScale = new double[y.Length];
        double[] dxSum = new double[dx.Length], dxScale = new double[dx.Length];
        double[] dwSum = new double[dw.Length], dwScale = new double[dw.Length];
        for (int row = 0; row < shape.OutputRows; row++)
        {
            int image = row / (shape.OutputHeight * shape.OutputWidth);
            int outputY = row / shape.OutputWidth % shape.OutputHeight;
            int outputX = row % shape.OutputWidth;
            for (int tap = 0; tap < shape.KernelHeight * shape.KernelWidth; tap++)
            {
                int inputY = (outputY * shape.StrideHeight) - shape.PaddingTop + (tap / shape.KernelWidth * shape.DilationHeight);
                int inputX = (outputX * shape.StrideWidth) - shape.PaddingLeft + (tap % shape.KernelWidth * shape.DilationWidth);
                if (inputY < 0 || inputY >= shape.Height || inputX < 0 || inputX >= shape.Width)
                    continue;
                for (int channel = 0; channel < shape.GroupChannels; channel++)
                {
                    for (int output = 0; output < shape.OutputChannels; output++)
                    {
                        int group = output / shape.GroupOutputChannels;
                        int xi = (((((image * shape.Height) + inputY) * shape.Width) + inputX) * shape.Channels)
                            + (group * shape.GroupChannels) + channel;
                        int wi = (((tap * shape.GroupChannels) + channel) * shape.OutputChannels) + output;
                        int yi = (row * shape.OutputChannels) + output;
                        Add(ySum, yScale, yi, (double)x[xi] * w[wi]);
                        Add(dxSum, dxScale, xi, (double)upstream[yi] * w[wi]);
                        Add(dwSum, dwScale, wi, (double)upstream[yi] * x[xi]);
                    }
                }
            }
        }

        CompareAll(ySum, yScale, y, $"forward {shape}");
        CompareAll(dxSum, dxScale, dx, $"input gradient {shape}");
        CompareAll(dwSum, dwScale, dw, $"weight gradient {shape}");
    }

    private static void Add(double[] sum, double[] scale, int index, double product)
    {
        sum[index] += product;
        scale[index] += Math.Abs(product);
    }

    private static void CompareAll(double[] sum, double[] scale, Span<float> actual, string what)
    {
        for (int i = 0; i < sum.Length; i++)
            FloatComparer.Near(sum[i], scale[i], actual[i], what);
    }
}
