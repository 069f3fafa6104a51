namespace Anneal.Cpu;

/// <summary>
/// Convolution of images with weights, prepared for one shape: a matrix product whose rows are output positions and whose left
/// operand is packed straight from the image.
/// </summary>
internal sealed unsafe class ConvForwardKernel : TiledProduct
{
    private readonly ConvShape _shape;
    private readonly PatchSource _patches;

    internal ConvForwardKernel(in ConvShape shape, int threadCount)
        : base(Describe(shape), threadCount)
    {
        _shape = shape;
        _patches = new PatchSource(shape);
    }

    /// <summary>Computes the output [batch, outputHeight, outputWidth, outputChannels].</summary>
    internal void Run(float* x, float* weights, float* output, byte* scratch, TileEpilogue? epilogue, WorkerPool pool) =>
        RunProduct(x, weights, output, scratch, epilogue, pool);

    private protected override void PackLeft(
        float* left, long batch, int group, long row, int rowCount, long depth, int depthCount, float* panel, int stride)
    {
        if (Shape.DepthMajorLeft)
            _patches.CopyDepthMajor(left, row, rowCount, (int)depth, depthCount, panel, stride);
        else
            _patches.CopyPatches(left, group, row, rowCount, (int)depth, depthCount, panel, RowMajorLeft.Stride);
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
        return new(1, shape.OutputRows, shape.Groups, shape.GroupOutputChannels, shape.PatchLength)
        {
            DepthMajorLeft = shape.Channels == 1,
        };
    }
}
