using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>
/// Register tiles. Each sums the products of a few rows of the left panel and one or two vectors of the right panel over one block of the
/// depth, and keeps all sums in registers. Every sum starts at zero and takes one fused multiply-add after the other, so all tiles give
/// the same bits. The statements are written out because the compiler keeps separate variables, not array elements, in registers.
/// </summary>
internal static unsafe partial class Tiles
{
    // Far enough for the second-level cache to answer.
    private const int PrefetchDistance = 16 * 32;

    /// <summary>14 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply14x2<TVec, TLayout>(in TileArguments tile)
        where TVec : unmanaged, ISimd<TVec>
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = tile.LeftStep;
        long rightStep = tile.RightStep;
        float* next = tile.Next;
        long nextStep = tile.NextStep;
        Prefetch(tile.Output, tile.OutputStep, 14);
        TVec s0_0 = TVec.Zero, s0_1 = TVec.Zero;
        TVec s1_0 = TVec.Zero, s1_1 = TVec.Zero;
        TVec s2_0 = TVec.Zero, s2_1 = TVec.Zero;
        TVec s3_0 = TVec.Zero, s3_1 = TVec.Zero;
        TVec s4_0 = TVec.Zero, s4_1 = TVec.Zero;
        TVec s5_0 = TVec.Zero, s5_1 = TVec.Zero;
        TVec s6_0 = TVec.Zero, s6_1 = TVec.Zero;
        TVec s7_0 = TVec.Zero, s7_1 = TVec.Zero;
        TVec s8_0 = TVec.Zero, s8_1 = TVec.Zero;
        TVec s9_0 = TVec.Zero, s9_1 = TVec.Zero;
        TVec s10_0 = TVec.Zero, s10_1 = TVec.Zero;
        TVec s11_0 = TVec.Zero, s11_1 = TVec.Zero;
        TVec s12_0 = TVec.Zero, s12_1 = TVec.Zero;
        TVec s13_0 = TVec.Zero, s13_1 = TVec.Zero;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(right + PrefetchDistance);
                Sse.Prefetch0(right + PrefetchDistance + TVec.Count);
                Sse.Prefetch1(next);
                next += nextStep;
            }

            TVec right0 = TVec.Load(right);
            TVec right1 = TVec.Load(right + TVec.Count);
            TVec value = TVec.Broadcast(left[0]);
            s0_0 = TVec.FusedMultiplyAdd(right0, value, s0_0);
            s0_1 = TVec.FusedMultiplyAdd(right1, value, s0_1);
            value = TVec.Broadcast(left[TLayout.RowStride]);
            s1_0 = TVec.FusedMultiplyAdd(right0, value, s1_0);
            s1_1 = TVec.FusedMultiplyAdd(right1, value, s1_1);
            value = TVec.Broadcast(left[2 * TLayout.RowStride]);
            s2_0 = TVec.FusedMultiplyAdd(right0, value, s2_0);
            s2_1 = TVec.FusedMultiplyAdd(right1, value, s2_1);
            value = TVec.Broadcast(left[3 * TLayout.RowStride]);
            s3_0 = TVec.FusedMultiplyAdd(right0, value, s3_0);
            s3_1 = TVec.FusedMultiplyAdd(right1, value, s3_1);
            value = TVec.Broadcast(left[4 * TLayout.RowStride]);
            s4_0 = TVec.FusedMultiplyAdd(right0, value, s4_0);
            s4_1 = TVec.FusedMultiplyAdd(right1, value, s4_1);
            value = TVec.Broadcast(left[5 * TLayout.RowStride]);
            s5_0 = TVec.FusedMultiplyAdd(right0, value, s5_0);
            s5_1 = TVec.FusedMultiplyAdd(right1, value, s5_1);
            value = TVec.Broadcast(left[6 * TLayout.RowStride]);
            s6_0 = TVec.FusedMultiplyAdd(right0, value, s6_0);
            s6_1 = TVec.FusedMultiplyAdd(right1, value, s6_1);
            value = TVec.Broadcast(left[7 * TLayout.RowStride]);
            s7_0 = TVec.FusedMultiplyAdd(right0, value, s7_0);
            s7_1 = TVec.FusedMultiplyAdd(right1, value, s7_1);
            value = TVec.Broadcast(left[8 * TLayout.RowStride]);
            s8_0 = TVec.FusedMultiplyAdd(right0, value, s8_0);
            s8_1 = TVec.FusedMultiplyAdd(right1, value, s8_1);
            value = TVec.Broadcast(left[9 * TLayout.RowStride]);
            s9_0 = TVec.FusedMultiplyAdd(right0, value, s9_0);
            s9_1 = TVec.FusedMultiplyAdd(right1, value, s9_1);
            value = TVec.Broadcast(left[10 * TLayout.RowStride]);
            s10_0 = TVec.FusedMultiplyAdd(right0, value, s10_0);
            s10_1 = TVec.FusedMultiplyAdd(right1, value, s10_1);
            value = TVec.Broadcast(left[11 * TLayout.RowStride]);
            s11_0 = TVec.FusedMultiplyAdd(right0, value, s11_0);
            s11_1 = TVec.FusedMultiplyAdd(right1, value, s11_1);
            value = TVec.Broadcast(left[12 * TLayout.RowStride]);
            s12_0 = TVec.FusedMultiplyAdd(right0, value, s12_0);
            s12_1 = TVec.FusedMultiplyAdd(right1, value, s12_1);
            value = TVec.Broadcast(left[13 * TLayout.RowStride]);
            s13_0 = TVec.FusedMultiplyAdd(right0, value, s13_0);
            s13_1 = TVec.FusedMultiplyAdd(right1, value, s13_1);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish(output, s0_0, s0_1, accumulate);
        Finish(output + outputStep, s1_0, s1_1, accumulate);
        Finish(output + (2 * outputStep), s2_0, s2_1, accumulate);
        Finish(output + (3 * outputStep), s3_0, s3_1, accumulate);
        Finish(output + (4 * outputStep), s4_0, s4_1, accumulate);
        Finish(output + (5 * outputStep), s5_0, s5_1, accumulate);
        Finish(output + (6 * outputStep), s6_0, s6_1, accumulate);
        Finish(output + (7 * outputStep), s7_0, s7_1, accumulate);
        Finish(output + (8 * outputStep), s8_0, s8_1, accumulate);
        Finish(output + (9 * outputStep), s9_0, s9_1, accumulate);
        Finish(output + (10 * outputStep), s10_0, s10_1, accumulate);
        Finish(output + (11 * outputStep), s11_0, s11_1, accumulate);
        Finish(output + (12 * outputStep), s12_0, s12_1, accumulate);
        Finish(output + (13 * outputStep), s13_0, s13_1, accumulate);
    }

    /// <summary>14 rows by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply14x1<TVec, TLayout>(in TileArguments tile)
        where TVec : unmanaged, ISimd<TVec>
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = tile.LeftStep;
        long rightStep = tile.RightStep;
        TVec s0_0 = TVec.Zero;
        TVec s1_0 = TVec.Zero;
        TVec s2_0 = TVec.Zero;
        TVec s3_0 = TVec.Zero;
        TVec s4_0 = TVec.Zero;
        TVec s5_0 = TVec.Zero;
        TVec s6_0 = TVec.Zero;
        TVec s7_0 = TVec.Zero;
        TVec s8_0 = TVec.Zero;
        TVec s9_0 = TVec.Zero;
        TVec s10_0 = TVec.Zero;
        TVec s11_0 = TVec.Zero;
        TVec s12_0 = TVec.Zero;
        TVec s13_0 = TVec.Zero;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVec right0 = TVec.Load(right);
            TVec value = TVec.Broadcast(left[0]);
            s0_0 = TVec.FusedMultiplyAdd(right0, value, s0_0);
            value = TVec.Broadcast(left[TLayout.RowStride]);
            s1_0 = TVec.FusedMultiplyAdd(right0, value, s1_0);
            value = TVec.Broadcast(left[2 * TLayout.RowStride]);
            s2_0 = TVec.FusedMultiplyAdd(right0, value, s2_0);
            value = TVec.Broadcast(left[3 * TLayout.RowStride]);
            s3_0 = TVec.FusedMultiplyAdd(right0, value, s3_0);
            value = TVec.Broadcast(left[4 * TLayout.RowStride]);
            s4_0 = TVec.FusedMultiplyAdd(right0, value, s4_0);
            value = TVec.Broadcast(left[5 * TLayout.RowStride]);
            s5_0 = TVec.FusedMultiplyAdd(right0, value, s5_0);
            value = TVec.Broadcast(left[6 * TLayout.RowStride]);
            s6_0 = TVec.FusedMultiplyAdd(right0, value, s6_0);
            value = TVec.Broadcast(left[7 * TLayout.RowStride]);
            s7_0 = TVec.FusedMultiplyAdd(right0, value, s7_0);
            value = TVec.Broadcast(left[8 * TLayout.RowStride]);
            s8_0 = TVec.FusedMultiplyAdd(right0, value, s8_0);
            value = TVec.Broadcast(left[9 * TLayout.RowStride]);
            s9_0 = TVec.FusedMultiplyAdd(right0, value, s9_0);
            value = TVec.Broadcast(left[10 * TLayout.RowStride]);
            s10_0 = TVec.FusedMultiplyAdd(right0, value, s10_0);
            value = TVec.Broadcast(left[11 * TLayout.RowStride]);
            s11_0 = TVec.FusedMultiplyAdd(right0, value, s11_0);
            value = TVec.Broadcast(left[12 * TLayout.RowStride]);
            s12_0 = TVec.FusedMultiplyAdd(right0, value, s12_0);
            value = TVec.Broadcast(left[13 * TLayout.RowStride]);
            s13_0 = TVec.FusedMultiplyAdd(right0, value, s13_0);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish(output, s0_0, accumulate);
        Finish(output + outputStep, s1_0, accumulate);
        Finish(output + (2 * outputStep), s2_0, accumulate);
        Finish(output + (3 * outputStep), s3_0, accumulate);
        Finish(output + (4 * outputStep), s4_0, accumulate);
        Finish(output + (5 * outputStep), s5_0, accumulate);
        Finish(output + (6 * outputStep), s6_0, accumulate);
        Finish(output + (7 * outputStep), s7_0, accumulate);
        Finish(output + (8 * outputStep), s8_0, accumulate);
        Finish(output + (9 * outputStep), s9_0, accumulate);
        Finish(output + (10 * outputStep), s10_0, accumulate);
        Finish(output + (11 * outputStep), s11_0, accumulate);
        Finish(output + (12 * outputStep), s12_0, accumulate);
        Finish(output + (13 * outputStep), s13_0, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TVec>(float* output, TVec sum, bool accumulate)
        where TVec : unmanaged, ISimd<TVec>
    {
        if (accumulate)
            sum = TVec.Add(TVec.Load(output), sum);
        TVec.Store(output, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TVec>(float* output, TVec sum0, TVec sum1, bool accumulate)
        where TVec : unmanaged, ISimd<TVec>
    {
        if (accumulate)
        {
            sum0 = TVec.Add(TVec.Load(output), sum0);
            sum1 = TVec.Add(TVec.Load(output + TVec.Count), sum1);
        }

        TVec.Store(output, sum0);
        TVec.Store(output + TVec.Count, sum1);
    }

    /// <summary>Brings what a tile will be written to into the cache while its sums are computed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* output, long step, int rows)
    {
        if (!Sse.IsSupported)
            return;
        for (int row = 0; row < rows; row++, output += step)
        {
            Sse.Prefetch0(output);
            Sse.Prefetch0(output + 16);
        }
    }
}
