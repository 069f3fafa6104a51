namespace Anneal.Cpu;

/// <summary>
/// One axis of one phase of an input gradient: positions phase, phase + stride, ..., and the taps of the kernel that meet them. The taps
/// are taken in descending order, so that the places they read in the output's gradient ascend.
/// </summary>
internal readonly struct PhaseAxis
{
    internal PhaseAxis(int length, int kernel, int stride, int dilation, int padding, int phase)
    {
        Phase = phase;
        Stride = stride;
        Positions = length > phase ? ((length - 1 - phase) / stride) + 1 : 0;
        // Tap t meets position p where p + padding - t * dilation is a multiple of the stride; such taps are TapStep apart.
        TapStep = stride / GreatestCommonDivisor(stride, dilation);
        Step = TapStep * dilation / stride;
        for (int tap = 0; tap < kernel; tap++)
        {
            int distance = phase + padding - (tap * dilation);
            if (distance % stride != 0)
                continue;
            Taps++;
            LastTap = tap;
            Origin = distance / stride;
        }
    }

    internal int Phase { get; }

    internal int Stride { get; }

    internal int Positions { get; }

    internal int Taps { get; }

    internal int TapStep { get; }

    /// <summary>The tap that reads the first place.</summary>
    internal int LastTap { get; }

    /// <summary>Where the first position's window begins in the output's gradient.</summary>
    internal int Origin { get; }

    /// <summary>From one tap's place to the next one's.</summary>
    internal int Step { get; }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}

/// <summary>The input gradient at the positions of one phase.</summary>
internal sealed unsafe class ConvInputGradientPhase : TiledProduct
{
    private readonly ConvShape _shape;
    private readonly PhaseAxis _vertical;
    private readonly PhaseAxis _horizontal;
    private readonly PatchSource _patches;

    internal ConvInputGradientPhase(in ConvShape shape, in PhaseAxis vertical, in PhaseAxis horizontal, int threadCount)
        : base(Describe(shape, vertical, horizontal), threadCount)
    {
        _shape = shape;
        _vertical = vertical;
        _horizontal = horizontal;
        _patches = new PatchSource(
            shape, vertical.Positions, horizontal.Positions, vertical.Taps, horizontal.Taps,
            vertical.Origin, horizontal.Origin, vertical.Step, horizontal.Step);
    }

    internal void Run(float* outputGradient, float* weights, float* gradient, byte* scratch, TileEpilogue? epilogue, WorkerPool pool) =>
        RunProduct(outputGradient, weights, gradient, scratch, epilogue, pool);

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
        int length = _shape.GroupOutputChannels;
        while (depthCount > 0)
        {
            int place = (int)(depth / length);
            int output = (int)(depth % length);
            int count = Math.Min(length - output, depthCount);
            int tapY = _vertical.LastTap - (place / _horizontal.Taps * _vertical.TapStep);
            int tapX = _horizontal.LastTap - (place % _horizontal.Taps * _horizontal.TapStep);
            long tapRow = ((((long)tapY * _shape.KernelWidth) + tapX) * _shape.GroupChannels) + column;
            float* source = right + (tapRow * _shape.OutputChannels) + ((long)group * length) + output;
            Packing.PackTransposed(source, _shape.OutputChannels, count, columnCount, width, panel);
            depth += count;
            depthCount -= count;
            panel += (long)count * width;
        }
    }

    private protected override void StoreRows(float* output, long batch, long row, int rowCount, float* block)
    {
        int perImage = _vertical.Positions * _horizontal.Positions;
        int channels = _shape.Channels;
        for (int i = 0; i < rowCount; i++, block += channels)
        {
            long image = (row + i) / perImage;
            int inImage = (int)((row + i) % perImage);
            int y = _vertical.Phase + (inImage / _horizontal.Positions * _vertical.Stride);
            int x = _horizontal.Phase + (inImage % _horizontal.Positions * _horizontal.Stride);
            Packing.Copy(block, output + (((((image * _shape.Height) + y) * _shape.Width) + x) * channels), channels);
        }
    }

    private static ProductShape Describe(in ConvShape shape, in PhaseAxis vertical, in PhaseAxis horizontal)
    {
        long depth = checked(vertical.Taps * horizontal.Taps * shape.GroupOutputChannels);
        return new(1, shape.Batch * vertical.Positions * horizontal.Positions, shape.Groups, shape.GroupChannels, depth)
        {
            DepthMajorLeft = shape.OutputChannels == 1,
            ScatteredOutput = vertical.Stride > 1 || horizontal.Stride > 1,
        };
    }
}
