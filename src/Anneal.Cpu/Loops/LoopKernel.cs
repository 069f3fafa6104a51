using System.Diagnostics;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>
/// A compiled <see cref="Loop"/>. Immutable, so any number of threads may run one kernel at the same time on memory of their own.
/// The bits of its results depend on shapes and values only: not on threads, vector width or the way the body is run.
/// </summary>
internal sealed unsafe class LoopKernel
{
    private readonly LoopSchedule _schedule;
    private readonly bool _isEmpty;
    private readonly int _operandCount;

    internal LoopKernel(LoopSchedule schedule, int operandCount, bool isEmpty)
    {
        _schedule = schedule;
        _operandCount = operandCount;
        _isEmpty = isEmpty;
    }

    /// <summary>The scratch memory of a run, fixed when the kernel is compiled.</summary>
    internal long ScratchBytes => _schedule.ScratchBytes;

    /// <summary>In how many parts a run is cut.</summary>
    internal int PartCount => _schedule.PartCount;

    /// <exception cref="DeviceException">No kernel serves an operation or data type of the body.</exception>
    internal static LoopKernel Compile(Loop loop, LoopCompilation options)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(options);
        return new LoopCompiler(loop, options).Compile();
    }

    /// <summary>Runs the loop. A small one runs on the caller's thread alone.</summary>
    /// <param name="operands">The memory of inputs, then outputs. An output may be an input that is read at the same places.</param>
    /// <param name="scratch"><see cref="ScratchBytes"/>, aligned to 64 bytes.</param>
    /// <param name="pool">The threads.</param>
    internal void Run(byte** operands, byte* scratch, WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        if (_isEmpty)
            return;
        if (operands is null && _operandCount > 0)
            throw new ArgumentNullException(nameof(operands));
        if (scratch is null && ScratchBytes > 0)
            throw new ArgumentNullException(nameof(scratch));
        Debug.Assert(((nint)scratch & 63) == 0, "Scratch is aligned to 64 bytes.");
        if (_schedule.PartCount == 1)
            _schedule.RunPart(operands, scratch, 0);
        else
            LoopJob.Run(_schedule, operands, scratch, pool, isFinal: false);
        if (_schedule.FinalPartCount == 1)
            _schedule.RunFinalPart(operands, scratch, 0);
        else if (_schedule.FinalPartCount > 1)
            LoopJob.Run(_schedule, operands, scratch, pool, isFinal: true);
    }

    /// <summary>
    /// Runs a block of a loop that was compiled with <see cref="LoopCompilation.KeepMatrix"/>, on the caller's thread. Several threads
    /// may run blocks that do not overlap.
    /// </summary>
    /// <param name="operands">As for <see cref="Run"/>: the origin of the loop, not of the block.</param>
    /// <param name="row">The first row.</param>
    /// <param name="rowCount">How many rows.</param>
    /// <param name="column">The first column.</param>
    /// <param name="columnCount">How many columns.</param>
    internal void RunBlock(byte** operands, long row, long rowCount, long column, long columnCount)
    {
        if (operands is null && _operandCount > 0)
            throw new ArgumentNullException(nameof(operands));
        if (!_isEmpty && rowCount > 0 && columnCount > 0)
            _schedule.RunBlock(operands, row, rowCount, column, columnCount);
    }
}
