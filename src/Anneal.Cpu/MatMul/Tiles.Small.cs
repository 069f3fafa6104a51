using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <content>Tiles for narrow registers and for the last rows of a block.</content>
internal static unsafe partial class Tiles
{
    /// <summary>8 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply8x2<TVec, TLayout>(in TileArguments tile)
        where TVec : unmanaged, ISimd<TVec>
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = tile.LeftStep;
        long rightStep = tile.RightStep;
        TVec s0_0 = TVec.Zero, s0_1 = TVec.Zero;
        TVec s1_0 = TVec.Zero, s1_1 = TVec.Zero;
        TVec s2_0 = TVec.Zero, s2_1 = TVec.Zero;
        TVec s3_0 = TVec.Zero, s3_1 = TVec.Zero;
        TVec s4_0 = TVec.Zero, s4_1 = TVec.Zero;
        TVec s5_0 = TVec.Zero, s5_1 = TVec.Zero;
        TVec s6_0 = TVec.Zero, s6_1 = TVec.Zero;
        TVec s7_0 = TVec.Zero, s7_1 = TVec.Zero;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
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
    }

    /// <summary>6 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply6x2<TVec, TLayout>(in TileArguments tile)
        where TVec : unmanaged, ISimd<TVec>
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = tile.LeftStep;
        long rightStep = tile.RightStep;
        float* next = tile.Next;
        long nextStep = tile.NextStep;
        Prefetch(tile.Output, tile.OutputStep, 6);
        TVec s0_0 = TVec.Zero, s0_1 = TVec.Zero;
        TVec s1_0 = TVec.Zero, s1_1 = TVec.Zero;
        TVec s2_0 = TVec.Zero, s2_1 = TVec.Zero;
        TVec s3_0 = TVec.Zero, s3_1 = TVec.Zero;
        TVec s4_0 = TVec.Zero, s4_1 = TVec.Zero;
        TVec s5_0 = TVec.Zero, s5_1 = TVec.Zero;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            if (Sse.IsSupported)
            {
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
    }

    /// <summary>4 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply4x2<TVec, TLayout>(in TileArguments tile)
        where TVec : unmanaged, ISimd<TVec>
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = tile.LeftStep;
        long rightStep = tile.RightStep;
        TVec s0_0 = TVec.Zero, s0_1 = TVec.Zero;
        TVec s1_0 = TVec.Zero, s1_1 = TVec.Zero;
        TVec s2_0 = TVec.Zero, s2_1 = TVec.Zero;
        TVec s3_0 = TVec.Zero, s3_1 = TVec.Zero;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
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
    }

    /// <summary>1 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply1x2<TVec, TLayout>(in TileArguments tile)
        where TVec : unmanaged, ISimd<TVec>
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = tile.LeftStep;
        long rightStep = tile.RightStep;
        TVec s0_0 = TVec.Zero, s0_1 = TVec.Zero;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVec right0 = TVec.Load(right);
            TVec right1 = TVec.Load(right + TVec.Count);
            TVec value = TVec.Broadcast(left[0]);
            s0_0 = TVec.FusedMultiplyAdd(right0, value, s0_0);
            s0_1 = TVec.FusedMultiplyAdd(right1, value, s0_1);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish(output, s0_0, s0_1, accumulate);
    }
}
