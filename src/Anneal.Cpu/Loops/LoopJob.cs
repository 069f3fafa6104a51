namespace Anneal.Cpu;

/// <summary>The parts of one run of a kernel, for the worker pool. Every calling thread keeps one, so a run allocates nothing.</summary>
internal sealed unsafe class LoopJob : ParallelJob
{
    [ThreadStatic]
    private static LoopJob? _ofThread;

    private LoopSchedule? _schedule;
    private byte** _operands;
    private byte* _scratch;
    private bool _isFinal;

    internal static void Run(LoopSchedule schedule, byte** operands, byte* scratch, WorkerPool pool, bool isFinal)
    {
        LoopJob job = _ofThread ??= new LoopJob();
        job._schedule = schedule;
        job._operands = operands;
        job._scratch = scratch;
        job._isFinal = isFinal;
        pool.Run(job, isFinal ? schedule.FinalPartCount : schedule.PartCount);
        job._schedule = null;
    }

    internal override void Execute(int part)
    {
        if (_isFinal)
            _schedule!.RunFinalPart(_operands, _scratch, part);
        else
            _schedule!.RunPart(_operands, _scratch, part);
    }
}
