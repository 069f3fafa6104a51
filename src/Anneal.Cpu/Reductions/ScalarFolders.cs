using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Folds doubles one after the other.</summary>
internal sealed unsafe class RealFolder(ReductionKind kind) : Folder
{
    private double Identity => kind switch
    {
        ReductionKind.Sum => 0,
        ReductionKind.Product => 1,
        ReductionKind.Maximum => double.NegativeInfinity,
        _ => double.PositiveInfinity,
    };

    internal override int Size => sizeof(double);

    internal override void Rows(byte* values, long rowStride, long rows, long count, byte* results)
    {
        for (long row = 0; row < rows; row++)
        {
            double* source = (double*)(values + (row * rowStride));
            double result = Identity;
            for (long i = 0; i < count; i++)
                result = Fold(result, source[i]);
            ((double*)results)[row] = result;
        }
    }

    internal override void Columns(byte* accumulators, byte* values, long rowStride, long rows, long columns)
    {
        for (long row = 0; row < rows; row++)
        {
            for (long i = 0; i < columns; i++)
                ((double*)accumulators)[i] = Fold(((double*)accumulators)[i], ((double*)(values + (row * rowStride)))[i]);
        }
    }

    internal override void FillIdentity(byte* target, long count) => new Span<double>(target, (int)count).Fill(Identity);

    internal override void Store(DType type, byte* results, byte* target, long stride, long count) =>
        ScalarMemory.Store(type, results, target, stride, count);

    private double Fold(double a, double b) => kind switch
    {
        ReductionKind.Sum => a + b,
        ReductionKind.Product => a * b,
        ReductionKind.Maximum => Math.Max(a, b),
        _ => Math.Min(a, b),
    };
}

/// <summary>Folds whole numbers exactly in 64 bits, one after the other.</summary>
internal sealed unsafe class WholeFolder(ReductionKind kind, DType type) : Folder
{
    // The identities of the extremes are the ends of the type, so that an empty fold gives them unwrapped.
    private long Identity => kind switch
    {
        ReductionKind.Sum => 0,
        ReductionKind.Product => 1,
        ReductionKind.Maximum => Range.Low,
        _ => Range.High,
    };

    private (long Low, long High) Range => type switch
    {
        DType.UInt8 => (byte.MinValue, byte.MaxValue),
        DType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        DType.Int32 => (int.MinValue, int.MaxValue),
        DType.Bool => (0, 1),
        _ => (long.MinValue, long.MaxValue),
    };

    internal override int Size => sizeof(long);

    internal override void Rows(byte* values, long rowStride, long rows, long count, byte* results)
    {
        for (long row = 0; row < rows; row++)
        {
            long* source = (long*)(values + (row * rowStride));
            long result = Identity;
            for (long i = 0; i < count; i++)
                result = Fold(result, source[i]);
            ((long*)results)[row] = result;
        }
    }

    internal override void Columns(byte* accumulators, byte* values, long rowStride, long rows, long columns)
    {
        for (long row = 0; row < rows; row++)
        {
            for (long i = 0; i < columns; i++)
                ((long*)accumulators)[i] = Fold(((long*)accumulators)[i], ((long*)(values + (row * rowStride)))[i]);
        }
    }

    internal override void FillIdentity(byte* target, long count) => new Span<long>(target, (int)count).Fill(Identity);

    internal override void Store(DType target, byte* results, byte* memory, long stride, long count) =>
        ScalarMemory.Store(target, results, memory, stride, count);

    private long Fold(long a, long b) => kind switch
    {
        ReductionKind.Sum => unchecked(a + b),
        ReductionKind.Product => unchecked(a * b),
        ReductionKind.Maximum => Math.Max(a, b),
        _ => Math.Min(a, b),
    };
}
