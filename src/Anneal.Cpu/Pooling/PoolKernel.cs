using System.Diagnostics;

namespace Anneal.Cpu;

/// <summary>
/// The common part of pooling kernels: shares output rows, or whole images where output rows write to the same places, among threads.
/// Immutable, so several threads may run a kernel at once.
/// </summary>
internal abstract unsafe class PoolKernel
{
    private const double WorkPerThread = 30_000;
    private readonly long _units;
    private readonly int _workers;
    private PoolJob? _spareJob;

    private protected PoolKernel(in PoolShape shape, int threadCount, bool gradient)
    {
        shape.Check();
        ArgumentOutOfRangeException.ThrowIfLessThan(threadCount, 1);
        Shape = shape;
        WholeImages = gradient && (shape.WindowHeight > shape.StrideHeight || shape.OutputHeight == 0);
        _units = WholeImages ? shape.Batch : shape.Batch * shape.OutputHeight;
        double work = (double)shape.Batch * shape.Channels * Math.Max(
            (double)shape.Height * shape.Width, (double)shape.OutputHeight * shape.OutputWidth * shape.WindowHeight * shape.WindowWidth);
        _workers = (int)Math.Clamp(Math.Min(_units, work / WorkPerThread), 1, threadCount);
    }

    private protected PoolShape Shape { get; }

    /// <summary>Whether a unit is an image, not one row of windows.</summary>
    private protected bool WholeImages { get; }

    private protected void RunUnits(float* first, float* second, float* output, WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        if (_units == 0 || Shape.Channels == 0)
            return;
        PoolJob job = Interlocked.Exchange(ref _spareJob, null) ?? new PoolJob(this);
        job.First = first;
        job.Second = second;
        job.Output = output;
        job.Parts = Math.Min(_workers, pool.ThreadCount);
        try
        {
            pool.Run(job, job.Parts);
        }
        finally
        {
            Volatile.Write(ref _spareJob, job);
        }
    }

    /// <summary>Computes units <paramref name="unit"/> to <paramref name="end"/> - 1, with vectors of one width.</summary>
    private protected abstract void Compute<TVec>(float* first, float* second, float* output, long unit, long end)
        where TVec : unmanaged, ISimd<TVec>;

    private void Compute(PoolJob job, int part)
    {
        long unit = _units * part / job.Parts;
        long end = _units * (part + 1) / job.Parts;
        Debug.Assert(end <= _units);
        switch (InstructionSets.Best)
        {
            case InstructionSet.Vector512:
                Compute<V512>(job.First, job.Second, job.Output, unit, end);
                break;
            case InstructionSet.Vector256:
                Compute<V256>(job.First, job.Second, job.Output, unit, end);
                break;
            default:
                Compute<V128>(job.First, job.Second, job.Output, unit, end);
                break;
        }
    }

    private sealed class PoolJob(PoolKernel kernel) : ParallelJob
    {
        internal float* First { get; set; }

        internal float* Second { get; set; }

        internal float* Output { get; set; }

        internal int Parts { get; set; }

        internal override void Execute(int part) => kernel.Compute(this, part);
    }
}
