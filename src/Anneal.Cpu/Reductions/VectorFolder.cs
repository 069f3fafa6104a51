using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Anneal.Cpu;

/// <summary>
/// Folds float32 values. A row is folded in 64 lanes, lane l taking the values l, l + 64, l + 128 ... in order, then lanes l and
/// l + 32, l and l + 16 and so on down to one; so every width of vector gives the same bits. Columns are folded in
/// groups of at most 16 rows, each in order, and groups in order: fewer roundings meet in a long column.
/// </summary>
internal sealed unsafe class VectorFolder<TFold, TVec> : Folder
    where TFold : struct, IFoldKernel
    where TVec : unmanaged, ISimd<TVec>
{
    private const int LaneCount = 64;
    private const int GroupRows = 16;

    private static ReadOnlySpan<float> Indices => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    internal override int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Rows(byte* values, long rowStride, long rows, long count, byte* results)
    {
        float* lanes = stackalloc float[LaneCount];
        float* result = (float*)results;
        for (long row = 0; row < rows; row++)
        {
            float* source = (float*)(values + (row * rowStride));
            long whole = count & ~(LaneCount - 1L);
            if (whole > 0)
                FoldWhole(source, whole, lanes);
            int rest = (int)(count - whole);
            int live = whole > 0 || rest > 32 ? 64 : rest > 16 ? 32 : 16;
            if (whole == 0 || rest > 0)
                FoldRest(source + whole, rest, whole > 0, live, lanes);
            result[row] = FoldLanes(lanes, live);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal override void Columns(byte* accumulators, byte* values, long rowStride, long rows, long columns)
    {
        float* accumulator = (float*)accumulators;
        for (long first = 0; first < rows; first += GroupRows)
        {
            byte* source = values + (first * rowStride);
            long count = Math.Min(GroupRows, rows - first), column = 0;
            for (; column <= columns - (4 * TVec.Count); column += 4 * TVec.Count)
                FoldFour(accumulator + column, source + (column * sizeof(float)), rowStride, count);
            for (; column <= columns - (2 * TVec.Count); column += 2 * TVec.Count)
                FoldTwo(accumulator + column, source + (column * sizeof(float)), rowStride, count);
            for (; column < columns; column += TVec.Count)
                FoldOne(accumulator + column, source + (column * sizeof(float)), rowStride, count, (int)Math.Min(TVec.Count, columns - column));
        }
    }

    internal override void FillIdentity(byte* target, long count) => new Span<float>(target, (int)count).Fill(TFold.Identity);

    internal override void Store(DType type, byte* results, byte* target, long stride, long count)
    {
        for (long i = 0; i < count; i++)
            *(float*)(target + (i * stride)) = ((float*)results)[i];
    }

    /// <summary>Folds a multiple of 64 values into 64 lanes, four vectors of lanes at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldWhole(float* source, long count, float* lanes)
    {
        TVec identity = TVec.Broadcast(TFold.Identity);
        float* end = source + count;
        for (int lane = 0; lane < LaneCount; lane += 4 * TVec.Count)
        {
            TVec a = identity, b = identity, c = identity, d = identity;
            for (float* at = source + lane; at < end; at += LaneCount)
            {
                a = TFold.Invoke(a, TVec.Load(at));
                b = TFold.Invoke(b, TVec.Load(at + TVec.Count));
                c = TFold.Invoke(c, TVec.Load(at + (2 * TVec.Count)));
                d = TFold.Invoke(d, TVec.Load(at + (3 * TVec.Count)));
            }

            TVec.Store(lanes + lane, a);
            TVec.Store(lanes + lane + TVec.Count, b);
            TVec.Store(lanes + lane + (2 * TVec.Count), c);
            TVec.Store(lanes + lane + (3 * TVec.Count), d);
        }
    }

    /// <summary>Folds fewer than 64 more values into the first lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldRest(float* source, int count, bool continues, int live, float* lanes)
    {
        var indices = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Indices));
        TVec identity = TVec.Broadcast(TFold.Identity);
        for (int lane = 0; lane < live; lane += TVec.Count)
        {
            TVec sum = continues ? TVec.Load(lanes + lane) : identity;
            int rest = Math.Min(count - lane, TVec.Count);
            if (rest == TVec.Count)
                sum = TFold.Invoke(sum, TVec.Load(source + lane));
            else if (rest > 0)
            {
                // Lanes behind the end keep what they have; a zero, which partial loads give, would change a product or maximum.
                TVec isInside = TVec.LessThan(TVec.Load(indices), TVec.Broadcast(rest));
                sum = TVec.Select(isInside, TFold.Invoke(sum, TVec.LoadPartial(source + lane, rest)), sum);
            }

            TVec.Store(lanes + lane, sum);
        }
    }

    /// <summary>The tree over the first <paramref name="live"/> lanes; the others hold the identity, which changes nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float FoldLanes(float* lanes, int live)
    {
        for (int half = live / 2; half >= 16; half /= 2)
        {
            for (int lane = 0; lane < half; lane += TVec.Count)
                TVec.Store(lanes + lane, TFold.Invoke(TVec.Load(lanes + lane), TVec.Load(lanes + lane + half)));
        }

        V128 even = TFold.Invoke(V128.Load(lanes), V128.Load(lanes + 8)), odd = TFold.Invoke(V128.Load(lanes + 4), V128.Load(lanes + 12));
        Vector128<float> four = Unsafe.BitCast<V128, Vector128<float>>(TFold.Invoke(even, odd));
        Vector128<float> two = Pair(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 2, 3)));
        return Pair(two, Vector128.Shuffle(two, Vector128.Create(1, 1, 1, 1))).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Pair(Vector128<float> a, Vector128<float> b) =>
        Unsafe.BitCast<V128, Vector128<float>>(
            TFold.Invoke(Unsafe.BitCast<Vector128<float>, V128>(a), Unsafe.BitCast<Vector128<float>, V128>(b)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldFour(float* accumulator, byte* source, long rowStride, long rows)
    {
        TVec a, b, c, d;
        a = b = c = d = TVec.Broadcast(TFold.Identity);
        for (long row = 0; row < rows; row++, source += rowStride)
        {
            float* at = (float*)source;
            a = TFold.Invoke(a, TVec.Load(at));
            b = TFold.Invoke(b, TVec.Load(at + TVec.Count));
            c = TFold.Invoke(c, TVec.Load(at + (2 * TVec.Count)));
            d = TFold.Invoke(d, TVec.Load(at + (3 * TVec.Count)));
        }

        Add(accumulator, a);
        Add(accumulator + TVec.Count, b);
        Add(accumulator + (2 * TVec.Count), c);
        Add(accumulator + (3 * TVec.Count), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldTwo(float* accumulator, byte* source, long rowStride, long rows)
    {
        TVec a, b;
        a = b = TVec.Broadcast(TFold.Identity);
        for (long row = 0; row < rows; row++, source += rowStride)
        {
            a = TFold.Invoke(a, TVec.Load((float*)source));
            b = TFold.Invoke(b, TVec.Load((float*)source + TVec.Count));
        }

        Add(accumulator, a);
        Add(accumulator + TVec.Count, b);
    }

    /// <summary>Folds up to a vector of columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldOne(float* accumulator, byte* source, long rowStride, long rows, int columns)
    {
        TVec sum = TVec.Broadcast(TFold.Identity);
        if (columns == TVec.Count)
        {
            for (long row = 0; row < rows; row++, source += rowStride)
                sum = TFold.Invoke(sum, TVec.Load((float*)source));
            Add(accumulator, sum);
            return;
        }

        for (long row = 0; row < rows; row++, source += rowStride)
            sum = TFold.Invoke(sum, TVec.LoadPartial((float*)source, columns));
        TVec.StorePartial(accumulator, TFold.Invoke(TVec.LoadPartial(accumulator, columns), sum), columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* accumulator, TVec value) => TVec.Store(accumulator, TFold.Invoke(TVec.Load(accumulator), value));
}
