namespace Anneal.Cpu;

/// <summary>
/// The gradient of a convolution's input, prepared for one shape. With stride one it is a convolution of the output's gradient with the
/// flipped weights; with a larger stride it is one such convolution for each phase of the input positions, over that phase's taps.
/// </summary>
internal sealed unsafe class ConvInputGradientKernel
{
    private readonly ConvShape _shape;
    private readonly ConvInputGradientPhase[] _phases;
    private readonly bool _clears;
    private readonly int _threadCount;
    private EpilogueJob? _spareJob;

    internal ConvInputGradientKernel(in ConvShape shape, int threadCount)
    {
        shape.Check();
        _shape = shape;
        _threadCount = threadCount;
        List<ConvInputGradientPhase> phases = [];
        for (int y = 0; y < shape.StrideHeight; y++)
        {
            for (int x = 0; x < shape.StrideWidth; x++)
            {
                PhaseAxis vertical = new(
                    shape.Height, shape.KernelHeight, shape.StrideHeight, shape.DilationHeight, shape.PaddingTop, y);
                PhaseAxis horizontal = new(
                    shape.Width, shape.KernelWidth, shape.StrideWidth, shape.DilationWidth, shape.PaddingLeft, x);
                if (vertical.Taps == 0 || horizontal.Taps == 0)
                    _clears = true;
                else if (vertical.Positions > 0 && horizontal.Positions > 0)
                    phases.Add(new ConvInputGradientPhase(shape, vertical, horizontal, threadCount));
            }
        }

        _phases = [.. phases];
        foreach (ConvInputGradientPhase phase in _phases)
            ScratchBytes = Math.Max(ScratchBytes, phase.ScratchBytes);
    }

    /// <inheritdoc cref="TiledProduct.ScratchBytes"/>
    internal long ScratchBytes { get; }

    /// <summary>Computes the gradient [batch, height, width, channels]. The epilogue's rows are input positions.</summary>
    internal void Run(
        float* outputGradient, float* weights, float* gradient, byte* scratch, TileEpilogue? epilogue, WorkerPool pool)
    {
        bool single = _shape.StrideHeight == 1 && _shape.StrideWidth == 1;
        long channels = _shape.Channels;
        if (_clears)
        {
            for (long row = 0; row < _shape.InputRows; row++)
                new Span<float>(gradient + (row * channels), _shape.Channels).Clear();
        }

        foreach (ConvInputGradientPhase phase in _phases)
            phase.Run(outputGradient, weights, gradient, scratch, single ? epilogue : null, pool);
        // The phases' positions interleave, so that rows become final only now.
        if (!single && epilogue is not null && _shape.InputRows > 0 && channels > 0)
            Finish(epilogue, pool);
    }

    private void Finish(TileEpilogue epilogue, WorkerPool pool)
    {
        EpilogueJob job = Interlocked.Exchange(ref _spareJob, null) ?? new EpilogueJob(_shape.InputRows, _shape.Channels, _threadCount);
        try
        {
            job.Run(epilogue, pool);
        }
        finally
        {
            Volatile.Write(ref _spareJob, job);
        }
    }

    /// <summary>Applies an epilogue to an output that is final already.</summary>
    private sealed class EpilogueJob(long rows, long columns, int threadCount) : ParallelJob
    {
        private readonly int _parts = (int)Math.Clamp(rows * columns / 16384, 1, threadCount);
        private TileEpilogue? _epilogue;

        internal void Run(TileEpilogue epilogue, WorkerPool pool)
        {
            _epilogue = epilogue;
            pool.Run(this, _parts);
            _epilogue = null;
        }

        internal override void Execute(int part)
        {
            long end = rows * (part + 1) / _parts;
            long step = Math.Max(1, 8192 / columns);
            for (long row = rows * part / _parts; row < end; row += step)
                _epilogue!.Apply(part, row, Math.Min(step, end - row), 0, columns);
        }
    }
}
