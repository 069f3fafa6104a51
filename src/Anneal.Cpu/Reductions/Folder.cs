using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Folds values that a body has left in memory. The order of every fold is fixed.</summary>
internal abstract unsafe class Folder
{
    /// <summary>The bytes of a value and of a result.</summary>
    internal abstract int Size { get; }

    /// <summary>Folds each of several rows of <paramref name="count"/> values to one result.</summary>
    internal abstract void Rows(byte* values, long rowStride, long rows, long count, byte* results);

    /// <summary>Folds rows, in order, into one accumulator for each column.</summary>
    internal abstract void Columns(byte* accumulators, byte* values, long rowStride, long rows, long columns);

    internal abstract void FillIdentity(byte* target, long count);

    /// <summary>Writes results to an operand.</summary>
    internal abstract void Store(DType type, byte* results, byte* target, long stride, long count);

    internal static Folder ForFloats(ReductionKind kind, InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => ForFloats<V512>(kind),
        InstructionSet.Vector256 => ForFloats<V256>(kind),
        _ => ForFloats<V128>(kind),
    };

    /// <summary>The folder of the 64-bit values that <see cref="ScalarBody"/> leaves.</summary>
    internal static Folder ForScalars(ReductionKind kind, DType type) =>
        ScalarMemory.IsWhole(type) ? new WholeFolder(kind, type) : new RealFolder(kind);

    private static Folder ForFloats<TVec>(ReductionKind kind)
        where TVec : unmanaged, ISimd<TVec> => kind switch
        {
            ReductionKind.Sum => new VectorFolder<SumFold, TVec>(),
            ReductionKind.Product => new VectorFolder<ProductFold, TVec>(),
            ReductionKind.Maximum => new VectorFolder<MaximumFold, TVec>(),
            _ => new VectorFolder<MinimumFold, TVec>(),
        };
}
