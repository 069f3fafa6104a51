namespace Anneal.Cpu;

/// <summary>
/// The gradient of a convolution's weights, prepared for one shape: a product over all output positions of the patches, transposed,
/// with the gradient of the output.
/// </summary>
internal sealed unsafe class ConvWeightGradientKernel : TiledProduct
{
    private readonly ConvShape _shape;
    private readonly PatchSource _patches;

    internal ConvWeightGradientKernel(in ConvShape shape, int threadCount)
        : base(Describe(shape), threadCount)
    {
        _shape = shape;
        _patches = new PatchSource(shape);
    }

    /// <summary>
    /// Computes the gradient [kernelHeight, kernelWidth, channels / groups, outputChannels]. The epilogue's rows are its first three axes.
    /// </summary>
    internal void Run(float* x, float* outputGradient, float* gradient, byte* scratch, TileEpilogue? epilogue, WorkerPool pool) =>
        RunProduct(x, outputGradient, gradient, scratch, epilogue, pool);

    private protected override void PackLeft(
        float* left, long batch, int group, long row, int rowCount, long depth, int depthCount, float* panel, int stride)
    {
        // With one channel, neighbouring positions are contiguous where a patch's elements are not.
        if (Shape.DepthMajorLeft)
            _patches.CopyPatches(left, group, depth, depthCount, (int)row, rowCount, panel, stride);
        else
            _patches.CopyDepthMajor(left, depth, depthCount, (int)row, rowCount, panel, RowMajorLeft.Stride);
    }

    private protected override void PackRight(
        float* right, long batch, int group, long depth, int depthCount, int column, int columnCount, int width, float* panel)
    {
        float* source = right + (depth * _shape.OutputChannels) + ((long)group * _shape.GroupOutputChannels) + column;
        Packing.PackRows(source, _shape.OutputChannels, depthCount, columnCount, width, panel);
    }

    private static ProductShape Describe(in ConvShape shape)
    {
        shape.Check();
        return new(1, shape.PatchLength, shape.Groups, shape.GroupOutputChannels, shape.OutputRows)
        {
            DepthMajorLeft = shape.Channels != 1,
        };
    }
}
