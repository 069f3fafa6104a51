namespace Anneal.Cpu;

/// <summary>
/// The gradient of <see cref="AveragePool2DKernel"/>: each window's is spread evenly over its places inside the image. Where windows
/// overlap, a place receives its sum in the order of the windows.
/// </summary>
internal sealed unsafe class AveragePoolGradientKernel : PoolKernel
{
    internal AveragePoolGradientKernel(in PoolShape shape, int threadCount)
        : base(shape, threadCount, gradient: true)
    {
    }

    internal void Run(float* outputGradient, float* gradient, WorkerPool pool) => RunUnits(outputGradient, null, gradient, pool);

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
                    SpreadRow<TVec>(first + (((unit * outputHeight) + y) * rowSize), output + (unit * imageSize), y);
                continue;
            }

            float* image = output + (unit / outputHeight * imageSize);
            int row = (int)(unit % outputHeight);
            PoolRows.ClearOwned(Shape, image, row);
            SpreadRow<TVec>(first + (unit * rowSize), image, row);
        }
    }

    private void SpreadRow<TVec>(float* upstream, float* gradient, int outputY)
        where TVec : unmanaged, ISimd<TVec>
    {
        int channels = Shape.Channels;
        for (int outputX = 0; outputX < Shape.OutputWidth; outputX++, upstream += channels)
        {
            PoolWindow window = new(Shape, outputY, outputX);
            TVec divisor = TVec.Broadcast(AveragePool2DKernel.Divisor(Shape, window));
            for (int channel = 0; channel < channels; channel += TVec.Count)
            {
                int count = channels - channel;
                TVec share = TVec.Divide(PoolVectors.Load<TVec>(upstream + channel, count), divisor);
                Spread(gradient + channel, share, window, count);
            }
        }
    }

    private void Spread<TVec>(float* gradient, TVec share, in PoolWindow window, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        for (int row = window.Top; row < window.Bottom; row++)
        {
            for (int column = window.Left; column < window.Right; column++)
            {
                float* target = gradient + ((((long)row * Shape.Width) + column) * Shape.Channels);
                PoolVectors.Store(target, TVec.Add(PoolVectors.Load<TVec>(target, count), share), count);
            }
        }
    }
}
