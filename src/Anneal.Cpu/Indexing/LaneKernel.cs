namespace Anneal.Cpu;

/// <summary>
/// The common part of kernels that work along one axis: a lane is all elements that differ along the axis only. Threads share lanes, never
/// one lane, and each has scratch of its own.
/// </summary>
internal abstract unsafe class LaneKernel : CpuKernel
{
    private const double WorkPerThread = 30_000;
    private readonly long _lanes;
    private readonly long _inner;
    private readonly int _workers;
    private readonly long _scratchPerWorker;

    private protected LaneKernel(Shape shape, int axis, double workPerElement, long scratchPerWorker, int threadCount)
    {
        Extent = shape[axis];
        _inner = shape[(axis + 1)..].ElementCount;
        _lanes = shape[..axis].ElementCount * _inner;
        _workers = (int)Math.Clamp(Math.Min(_lanes, _lanes * Extent * workPerElement / WorkPerThread), 1, threadCount);
        _scratchPerWorker = (scratchPerWorker + 63) / 64 * 64;
    }

    /// <summary>The number of elements of a lane.</summary>
    private protected long Extent { get; }

    internal sealed override long ScratchBytes => _workers * _scratchPerWorker;

    internal sealed override BoundKernel Bind(byte** operands) => new Bound(this, operands);

    /// <summary>Computes one lane.</summary>
    /// <param name="operands">The input and the output.</param>
    /// <param name="outer">The lane's place along the axes before that of the kernel, joined.</param>
    /// <param name="inner">The lane's place along the axes behind it, joined.</param>
    /// <param name="stride">The elements between neighbours of the lane.</param>
    /// <param name="scratch">Memory of this thread.</param>
    private protected abstract void Compute(byte** operands, long outer, long inner, long stride, byte* scratch);

    private sealed class Bound : BoundKernel
    {
        private readonly LaneKernel _kernel;
        private readonly LaneJob _job;

        internal Bound(LaneKernel kernel, byte** operands)
        {
            _kernel = kernel;
            _job = new LaneJob(kernel, operands);
        }

        internal override void Run(byte* scratch, WorkerPool pool)
        {
            _job.Scratch = scratch;
            pool.Run(_job, _kernel._workers);
        }
    }

    private sealed class LaneJob(LaneKernel kernel, byte** operands) : ParallelJob
    {
        internal byte* Scratch { get; set; }

        internal override void Execute(int part)
        {
            long end = kernel._lanes * (part + 1) / kernel._workers;
            for (long lane = kernel._lanes * part / kernel._workers; lane < end; lane++)
                kernel.Compute(operands, lane / kernel._inner, lane % kernel._inner, kernel._inner, Scratch + part * kernel._scratchPerWorker);
        }
    }
}
