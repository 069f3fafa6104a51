using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>
/// Sums float32 values with the error of every addition kept beside the sum (Knuth's two-sum), for folds so long that roundings in one
/// direction would show: the relative error stays near one rounding for each level of chunks. The order is that of
/// <see cref="VectorFolder{TFold, TVec}"/>: 64 lanes for rows, one after the other for columns; every width of vector gives the same bits.
/// </summary>
internal sealed unsafe class CompensatedFolder<TVec> : Folder
    where TVec : unmanaged, ISimd<TVec>
{
    private const int LaneCount = 64;

    internal override int Size => sizeof(float);

    internal override bool KeepsErrors => true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Rows(byte* values, long rowStride, long rows, long count, byte* results)
    {
        float* sums = stackalloc float[LaneCount];
        float* errors = stackalloc float[LaneCount];
        long whole = count & ~(LaneCount - 1L);
        for (long row = 0; row < rows; row++)
        {
            float* source = (float*)(values + (row * rowStride));
            for (int lane = 0; lane < LaneCount; lane += 2 * TVec.Count)
                FoldLanes(source + lane, whole, sums + lane, errors + lane);
            for (long i = whole; i < count; i++)
                Add(ref sums[i - whole], ref errors[i - whole], source[i]);

            // Few enough to be added in double precision.
            double total = 0;
            for (int lane = 0; lane < LaneCount; lane++)
                total += (double)sums[lane] + Finite(errors[lane]);
            ((float*)results)[row] = (float)total;
        }
    }

    /// <summary>The errors lie behind the sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Columns(byte* accumulators, byte* values, long rowStride, long rows, long columns)
    {
        float* sums = (float*)accumulators, errors = sums + columns;
        for (long column = 0; column < columns; column += TVec.Count)
        {
            int count = (int)Math.Min(TVec.Count, columns - column);
            byte* source = values + (column * sizeof(float));
            TVec sum = TVec.LoadPartial(sums + column, count), error = TVec.LoadPartial(errors + column, count);
            for (long row = 0; row < rows; row++, source += rowStride)
                Add(ref sum, ref error, count == TVec.Count ? TVec.Load((float*)source) : TVec.LoadPartial((float*)source, count));
            TVec.StorePartial(sums + column, sum, count);
            TVec.StorePartial(errors + column, error, count);
        }
    }

    internal override void FillIdentity(byte* target, long count) => new Span<float>(target, (int)(2 * count)).Clear();

    internal override void Finish(byte* accumulators, long count, byte* target)
    {
        float* sums = (float*)accumulators, errors = sums + count, results = (float*)target;
        for (long i = 0; i < count; i++)
            results[i] = sums[i] + Finite(errors[i]);
    }

    internal override void Store(DType type, byte* results, byte* target, long stride, long count)
    {
        for (long i = 0; i < count; i++)
            *(float*)(target + (i * stride)) = ((float*)results)[i];
    }

    // Next to an infinite sum there is no error to speak of.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Finite(float error) => float.IsFinite(error) ? error : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldLanes(float* source, long count, float* sums, float* errors)
    {
        TVec a = TVec.Zero, b = TVec.Zero, errorA = TVec.Zero, errorB = TVec.Zero;
        for (float* at = source, end = source + count; at < end; at += LaneCount)
        {
            Add(ref a, ref errorA, TVec.Load(at));
            Add(ref b, ref errorB, TVec.Load(at + TVec.Count));
        }

        TVec.Store(sums, a);
        TVec.Store(sums + TVec.Count, b);
        TVec.Store(errors, errorA);
        TVec.Store(errors + TVec.Count, errorB);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref TVec sum, ref TVec error, TVec value)
    {
        TVec total = TVec.Add(sum, value), added = TVec.Subtract(total, sum);
        error = TVec.Add(error, TVec.Add(TVec.Subtract(sum, TVec.Subtract(total, added)), TVec.Subtract(value, added)));
        sum = total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref float sum, ref float error, float value)
    {
        float total = sum + value, added = total - sum;
        error += (sum - (total - added)) + (value - added);
        sum = total;
    }
}
