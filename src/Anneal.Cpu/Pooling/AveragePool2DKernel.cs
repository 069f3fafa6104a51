namespace Anneal.Cpu;

/// <summary>The mean of each window, summed in row-major order; an empty window gives zero.</summary>
internal sealed unsafe class AveragePool2DKernel : PoolKernel
{
    internal AveragePool2DKernel(in PoolShape shape, int threadCount)
        : base(shape, threadCount, gradient: false)
    {
    }

    internal void Run(float* x, float* output, WorkerPool pool) => RunUnits(x, null, output, pool);

    internal static float Divisor(in PoolShape shape, in PoolWindow window) =>
        shape.CountIncludePadding ? shape.WindowHeight * shape.WindowWidth : Math.Max(1, window.Count);

    private protected override void Compute<TVec>(float* first, float* second, float* output, long unit, long end)
    {
        int channels = Shape.Channels;
        long imageSize = (long)Shape.Height * Shape.Width * channels;
        for (; unit < end; unit++)
        {
            float* image = first + (unit / Shape.OutputHeight * imageSize);
            int y = (int)(unit % Shape.OutputHeight);
            float* target = output + (unit * Shape.OutputWidth * channels);
            for (int x = 0; x < Shape.OutputWidth; x++, target += channels)
            {
                PoolWindow window = new(Shape, y, x);
                TVec divisor = TVec.Broadcast(Divisor(Shape, window));
                for (int channel = 0; channel < channels; channel += TVec.Count)
                {
                    TVec sum = Sum<TVec>(image + channel, window, channels - channel);
                    PoolVectors.Store(target + channel, TVec.Divide(sum, divisor), channels - channel);
                }
            }
        }
    }

    private TVec Sum<TVec>(float* image, in PoolWindow window, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec sum = TVec.Zero;
        for (int row = window.Top; row < window.Bottom; row++)
        {
            for (int column = window.Left; column < window.Right; column++)
                sum = TVec.Add(sum, PoolVectors.Load<TVec>(image + ((((long)row * Shape.Width) + column) * Shape.Channels), count));
        }

        return sum;
    }
}
