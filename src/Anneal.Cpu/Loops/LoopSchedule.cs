namespace Anneal.Cpu;

/// <summary>How the points of a loop are cut into parts and given to its body. Immutable.</summary>
internal abstract unsafe class LoopSchedule
{
    /// <summary>How many parts may run at the same time; the result does not depend on it.</summary>
    internal abstract int PartCount { get; }

    /// <summary>How many parts follow when all of the first have ended.</summary>
    internal virtual int FinalPartCount => 0;

    internal abstract long ScratchBytes { get; }

    internal abstract void RunPart(byte** operands, byte* scratch, int part);

    internal virtual void RunFinalPart(byte** operands, byte* scratch, int part)
    {
    }

    /// <summary>Runs a block of a loop that kept its two dimensions.</summary>
    internal virtual void RunBlock(byte** operands, long row, long rowCount, long column, long columnCount) =>
        throw new InvalidOperationException("Only a loop compiled with KeepMatrix and without reductions runs in blocks.");

    protected static long Align(long bytes) => (bytes + 63) & ~63L;

    protected static (long Start, long End) Share(long count, int part, int parts) =>
        (count * part / parts, count * (part + 1) / parts);
}
