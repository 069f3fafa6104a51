using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>
/// Sums over the rows of a row-major matrix, each times a number: every column adds up one row after another with fused multiply-add. Eight rows
/// are read side by side, as eight streams of memory, and the sums are loaded and stored once for them.
/// </summary>
internal static unsafe class DepthwiseSums
{
    /// <summary>Depths that are added at a time.</summary>
    internal const int Depths = 8;

    /// <summary>Adds some depths of a range of columns to their sums.</summary>
    /// <param name="right">The first depth's first column.</param>
    /// <param name="step">From one depth to the next.</param>
    /// <param name="depths">How many depths.</param>
    /// <param name="left">What each depth is multiplied by.</param>
    /// <param name="sums">The sums.</param>
    /// <param name="columns">How many columns.</param>
    internal static void Add<TVec>(float* right, long step, int depths, float* left, float* sums, int columns)
        where TVec : unmanaged, ISimd<TVec>
    {
        int k = 0;
        for (; k <= depths - Depths; k += Depths)
            AddEight<TVec>(right + (k * step), step, left + k, sums, columns);
        AddSingly<TVec>(right + (k * step), step, depths - k, left + k, sums, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddEight<TVec>(float* right, long step, float* left, float* sums, int columns)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec x0 = TVec.Broadcast(left[0]), x1 = TVec.Broadcast(left[1]), x2 = TVec.Broadcast(left[2]), x3 = TVec.Broadcast(left[3]);
        TVec x4 = TVec.Broadcast(left[4]), x5 = TVec.Broadcast(left[5]), x6 = TVec.Broadcast(left[6]), x7 = TVec.Broadcast(left[7]);
        float* r4 = right + (4 * step);
        long step3 = 3 * step;
        int i = 0;
        for (; i <= columns - TVec.Count; i += TVec.Count)
        {
            TVec sum = TVec.FusedMultiplyAdd(TVec.Load(right + i), x0, TVec.Load(sums + i));
            sum = TVec.FusedMultiplyAdd(TVec.Load(right + i + step), x1, sum);
            sum = TVec.FusedMultiplyAdd(TVec.Load(right + i + (2 * step)), x2, sum);
            sum = TVec.FusedMultiplyAdd(TVec.Load(right + i + step3), x3, sum);
            sum = TVec.FusedMultiplyAdd(TVec.Load(r4 + i), x4, sum);
            sum = TVec.FusedMultiplyAdd(TVec.Load(r4 + i + step), x5, sum);
            sum = TVec.FusedMultiplyAdd(TVec.Load(r4 + i + (2 * step)), x6, sum);
            sum = TVec.FusedMultiplyAdd(TVec.Load(r4 + i + step3), x7, sum);
            TVec.Store(sums + i, sum);
        }

        if (i < columns)
            AddSingly<TVec>(right + i, step, Depths, left, sums + i, columns - i);
    }

    /// <summary>One depth after another, in the same order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddSingly<TVec>(float* right, long step, int depths, float* left, float* sums, int columns)
        where TVec : unmanaged, ISimd<TVec>
    {
        for (int k = 0; k < depths; k++, right += step)
        {
            TVec x = TVec.Broadcast(left[k]);
            int i = 0;
            for (; i <= columns - TVec.Count; i += TVec.Count)
                TVec.Store(sums + i, TVec.FusedMultiplyAdd(TVec.Load(right + i), x, TVec.Load(sums + i)));
            if (i < columns)
                TVec.StorePartial(sums + i, TVec.FusedMultiplyAdd(TVec.LoadPartial(right + i, columns - i), x, TVec.LoadPartial(sums + i, columns - i)), columns - i);
        }
    }
}
