using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Folds values that a body has left in memory. The order of every fold is fixed.</summary>
internal abstract unsafe class Folder
{
    // Part of the definition of a sum: another number would give other bits.
    private const long LongestPlainSum = 1 << 17;

    /// <summary>The bytes of a value and of a result.</summary>
    internal abstract int Size { get; }

    /// <summary>Folds each of several rows of <paramref name="count"/> values to one result.</summary>
    internal abstract void Rows(byte* values, long rowStride, long rows, long count, byte* results);

    /// <summary>Folds rows, in order, into one accumulator for each column.</summary>
    internal abstract void Columns(byte* accumulators, byte* values, long rowStride, long rows, long columns);

    /// <summary>Whether accumulators take twice the size, and <see cref="Finish"/> makes results of them.</summary>
    internal virtual bool KeepsErrors => false;

    internal abstract void FillIdentity(byte* target, long count);

    /// <summary>Turns accumulators into results.</summary>
    internal virtual void Finish(byte* accumulators, long count, byte* target) =>
        Buffer.MemoryCopy(accumulators, target, count * Size, count * Size);

    /// <summary>Writes results to an operand.</summary>
    internal abstract void Store(DType type, byte* results, byte* target, long stride, long count);

    /// <param name="kind">How values are folded.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="set">The vectors to fold them with.</param>
    internal static Folder ForFloats(ReductionKind kind, long count, InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => ForFloats<V512>(kind, count),
        InstructionSet.Vector256 => ForFloats<V256>(kind, count),
        _ => ForFloats<V128>(kind, count),
    };

    /// <summary>The folder of the 64-bit values that <see cref="ScalarBody"/> leaves.</summary>
    internal static Folder ForScalars(ReductionKind kind, DType type) =>
        ScalarMemory.IsWhole(type) ? new WholeFolder(kind, type) : new RealFolder(kind);

    private static Folder ForFloats<TVec>(ReductionKind kind, long count)
        where TVec : unmanaged, ISimd<TVec> => kind switch
        {
            ReductionKind.Sum when count > LongestPlainSum => new CompensatedFolder<TVec>(),
            ReductionKind.Sum => new VectorFolder<SumFold, TVec>(),
            ReductionKind.Product => new VectorFolder<ProductFold, TVec>(),
            ReductionKind.Maximum => new VectorFolder<MaximumFold, TVec>(),
            _ => new VectorFolder<MinimumFold, TVec>(),
        };
}
