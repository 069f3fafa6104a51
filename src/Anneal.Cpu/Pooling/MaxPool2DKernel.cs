using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>The maximum of each window: NaN where it holds NaN; padding never wins; an empty window gives negative infinity.</summary>
internal sealed unsafe class MaxPool2DKernel : PoolKernel
{
    internal MaxPool2DKernel(in PoolShape shape, int threadCount)
        : base(shape, threadCount, gradient: false)
    {
    }

    internal void Run(float* x, float* output, WorkerPool pool) => RunUnits(x, null, output, pool);

    private protected override void Compute<TVec>(float* first, float* second, float* output, long unit, long end)
    {
        int outputHeight = Shape.OutputHeight;
        long imageSize = (long)Shape.Height * Shape.Width * Shape.Channels;
        long rowSize = (long)Shape.OutputWidth * Shape.Channels;
        for (; unit < end; unit++)
        {
            float* image = first + (unit / outputHeight * imageSize);
            int y = (int)(unit % outputHeight);
            if (Shape.IsTwoByTwo)
                ComputeTwoByTwo<TVec>(image, y, output + (unit * rowSize));
            else
                ComputeRow<TVec>(image, y, output + (unit * rowSize));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeTwoByTwo<TVec>(float* image, int y, float* output)
        where TVec : unmanaged, ISimd<TVec>
    {
        int channels = Shape.Channels;
        int width = Shape.OutputWidth;
        long rowSize = (long)Shape.Width * channels;
        float* top = image + (2 * y * rowSize);
        float* bottom = top + rowSize;
        for (int x = 0; x < width; x++, top += 2 * channels, bottom += 2 * channels, output += channels)
        {
            for (int channel = 0; channel < channels; channel += TVec.Count)
            {
                int count = channels - channel;
                TVec upper = TVec.Max(
                    PoolVectors.Load<TVec>(top + channel, count), PoolVectors.Load<TVec>(top + channels + channel, count));
                TVec lower = TVec.Max(
                    PoolVectors.Load<TVec>(bottom + channel, count), PoolVectors.Load<TVec>(bottom + channels + channel, count));
                PoolVectors.Store(output + channel, TVec.Max(upper, lower), count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeRow<TVec>(float* image, int y, float* output)
        where TVec : unmanaged, ISimd<TVec>
    {
        int channels = Shape.Channels;
        for (int x = 0; x < Shape.OutputWidth; x++, output += channels)
        {
            PoolWindow window = new(Shape, y, x);
            for (int channel = 0; channel < channels; channel += TVec.Count)
            {
                TVec maximum = WindowMaximum<TVec>(image + channel, window, channels - channel);
                PoolVectors.Store(output + channel, maximum, channels - channel);
            }
        }
    }

    private TVec WindowMaximum<TVec>(float* image, in PoolWindow window, int count)
        where TVec : unmanaged, ISimd<TVec> => MaxPoolWindows.Maximum<TVec>(image, Shape, window, count);
}

/// <summary>What forward pass, gradient and selection agree on.</summary>
internal static unsafe class MaxPoolWindows
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static TVec Maximum<TVec>(float* image, in PoolShape shape, in PoolWindow window, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec maximum = TVec.Broadcast(float.NegativeInfinity);
        for (int y = window.Top; y < window.Bottom; y++)
        {
            float* row = image + ((long)y * shape.Width * shape.Channels);
            for (int x = window.Left; x < window.Right; x++)
                maximum = TVec.Max(maximum, PoolVectors.Load<TVec>(row + ((long)x * shape.Channels), count));
        }

        return maximum;
    }
}
