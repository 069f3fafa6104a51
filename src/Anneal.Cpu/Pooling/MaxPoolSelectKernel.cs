using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>
/// For each window, the element of a second array at the place where the input has its first maximum: the second derivative's need.
/// An empty window gives zero.
/// </summary>
internal sealed unsafe class MaxPoolSelectKernel : PoolKernel
{
    internal MaxPoolSelectKernel(in PoolShape shape, int threadCount)
        : base(shape, threadCount, gradient: false)
    {
    }

    internal void Run(float* x, float* source, float* output, WorkerPool pool) => RunUnits(x, source, output, pool);

    private protected override void Compute<TVec>(float* first, float* second, float* output, long unit, long end)
    {
        int channels = Shape.Channels;
        long imageSize = (long)Shape.Height * Shape.Width * channels;
        for (; unit < end; unit++)
        {
            long image = unit / Shape.OutputHeight * imageSize;
            int y = (int)(unit % Shape.OutputHeight);
            float* target = output + (unit * Shape.OutputWidth * channels);
            for (int x = 0; x < Shape.OutputWidth; x++, target += channels)
            {
                PoolWindow window = new(Shape, y, x);
                for (int channel = 0; channel < channels; channel += TVec.Count)
                {
                    int count = channels - channel;
                    PoolVectors.Store(
                        target + channel, Select<TVec>(first + image + channel, second + image + channel, window, count), count);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TVec Select<TVec>(float* x, float* source, in PoolWindow window, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec maximum = MaxPoolWindows.Maximum<TVec>(x, Shape, window, count);
        TVec found = TVec.Zero;
        TVec selected = TVec.Zero;
        for (int row = window.Top; row < window.Bottom; row++)
        {
            for (int column = window.Left; column < window.Right; column++)
            {
                long offset = (((long)row * Shape.Width) + column) * Shape.Channels;
                TVec hit = TVec.AndNot(PoolVectors.IsMaximum(PoolVectors.Load<TVec>(x + offset, count), maximum), found);
                found = TVec.Or(found, hit);
                selected = TVec.Or(selected, TVec.And(PoolVectors.Load<TVec>(source + offset, count), hit));
            }
        }

        return selected;
    }
}
