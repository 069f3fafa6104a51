using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>
/// The gradient of <see cref="MaxPool2DKernel"/>: each window's goes to its first maximum in row-major order, found again in the input;
/// NaN counts as the maximum. Where windows overlap, a place receives its sum in the order of the windows.
/// </summary>
internal sealed unsafe class MaxPoolGradientKernel : PoolKernel
{
    internal MaxPoolGradientKernel(in PoolShape shape, int threadCount)
        : base(shape, threadCount, gradient: true)
    {
    }

    internal void Run(float* x, float* outputGradient, float* gradient, WorkerPool pool) => RunUnits(x, outputGradient, gradient, pool);

    private protected override void Compute<TVec>(float* first, float* second, float* output, long unit, long end)
    {
        int outputHeight = Shape.OutputHeight;
        long imageSize = (long)Shape.Height * Shape.Width * Shape.Channels;
        long rowSize = (long)Shape.OutputWidth * Shape.Channels;
        for (; unit < end; unit++)
        {
            if (WholeImages)
            {
                PoolRows.Clear(Shape, output + (unit * imageSize), 0, Shape.Height);
                for (int y = 0; y < outputHeight; y++)
                {
                    float* upstream = second + (((unit * outputHeight) + y) * rowSize);
                    ComputeRow<TVec>(first + (unit * imageSize), upstream, output + (unit * imageSize), y);
                }

                continue;
            }

            long image = unit / outputHeight * imageSize;
            int row = (int)(unit % outputHeight);
            if (Shape.IsTwoByTwo)
            {
                ComputeTwoByTwo<TVec>(first + image, second + (unit * rowSize), output + image, row);
                continue;
            }

            PoolRows.ClearOwned(Shape, output + image, row);
            ComputeRow<TVec>(first + image, second + (unit * rowSize), output + image, row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeRow<TVec>(float* x, float* upstream, float* gradient, int outputY)
        where TVec : unmanaged, ISimd<TVec>
    {
        int channels = Shape.Channels;
        for (int outputX = 0; outputX < Shape.OutputWidth; outputX++, upstream += channels)
        {
            PoolWindow window = new(Shape, outputY, outputX);
            for (int channel = 0; channel < channels; channel += TVec.Count)
            {
                int count = channels - channel;
                TVec value = PoolVectors.Load<TVec>(upstream + channel, count);
                AddToFirstMaximum(x + channel, value, gradient + channel, window, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToFirstMaximum<TVec>(float* x, TVec upstream, float* gradient, in PoolWindow window, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec maximum = MaxPoolWindows.Maximum<TVec>(x, Shape, window, count);
        TVec found = TVec.Zero;
        for (int row = window.Top; row < window.Bottom; row++)
        {
            for (int column = window.Left; column < window.Right; column++)
            {
                long offset = (((long)row * Shape.Width) + column) * Shape.Channels;
                TVec hit = TVec.AndNot(PoolVectors.IsMaximum(PoolVectors.Load<TVec>(x + offset, count), maximum), found);
                found = TVec.Or(found, hit);
                TVec sum = TVec.Add(PoolVectors.Load<TVec>(gradient + offset, count), TVec.And(upstream, hit));
                PoolVectors.Store(gradient + offset, sum, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeTwoByTwo<TVec>(float* x, float* upstream, float* gradient, int outputY)
        where TVec : unmanaged, ISimd<TVec>
    {
        int channels = Shape.Channels;
        long rowSize = (long)Shape.Width * channels;
        long start = 2 * outputY * rowSize;
        int used = 2 * Shape.OutputWidth * channels;
        // What no window covers: the last column of an odd width, and below the last windows.
        if (used < rowSize)
        {
            Packing.Clear(gradient + start + used, rowSize - used);
            Packing.Clear(gradient + start + rowSize + used, rowSize - used);
        }

        if (outputY == Shape.OutputHeight - 1)
            PoolRows.Clear(Shape, gradient, 2 * (outputY + 1), Shape.Height);
        for (long offset = start; offset < start + used; offset += 2 * channels, upstream += channels)
        {
            for (int channel = 0; channel < channels; channel += TVec.Count)
                RouteTwoByTwo<TVec>(x + offset + channel, upstream + channel, gradient + offset + channel, rowSize, channels - channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RouteTwoByTwo<TVec>(float* x, float* upstream, float* gradient, long rowSize, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        int channels = Shape.Channels;
        TVec x0 = PoolVectors.Load<TVec>(x, count);
        TVec x1 = PoolVectors.Load<TVec>(x + channels, count);
        TVec x2 = PoolVectors.Load<TVec>(x + rowSize, count);
        TVec x3 = PoolVectors.Load<TVec>(x + rowSize + channels, count);
        TVec value = PoolVectors.Load<TVec>(upstream, count);
        TVec maximum = TVec.Max(TVec.Max(x0, x1), TVec.Max(x2, x3));
        TVec hit0 = PoolVectors.IsMaximum(x0, maximum);
        TVec hit1 = TVec.AndNot(PoolVectors.IsMaximum(x1, maximum), hit0);
        TVec found = TVec.Or(hit0, hit1);
        TVec hit2 = TVec.AndNot(PoolVectors.IsMaximum(x2, maximum), found);
        found = TVec.Or(found, hit2);
        PoolVectors.Store(gradient, TVec.And(value, hit0), count);
        PoolVectors.Store(gradient + channels, TVec.And(value, hit1), count);
        PoolVectors.Store(gradient + rowSize, TVec.And(value, hit2), count);
        PoolVectors.Store(gradient + rowSize + channels, TVec.AndNot(value, found), count);
    }
}

/// <summary>Clears rows of an image.</summary>
internal static unsafe class PoolRows
{
    internal static void Clear(in PoolShape shape, float* image, int row, int endRow)
    {
        long rowSize = (long)shape.Width * shape.Channels;
        for (; row < endRow; row++)
            Packing.Clear(image + (row * rowSize), rowSize);
    }

    /// <summary>Clears what belongs to one row of windows where rows of windows do not overlap: up to the next one's first row.</summary>
    internal static void ClearOwned(in PoolShape shape, float* image, int outputY)
    {
        int start = (outputY * shape.StrideHeight) - shape.PaddingTop;
        int first = outputY == 0 ? 0 : Math.Clamp(start, 0, shape.Height);
        int end = outputY == shape.OutputHeight - 1 ? shape.Height : Math.Clamp(start + shape.StrideHeight, 0, shape.Height);
        Clear(shape, image, first, end);
    }
}
