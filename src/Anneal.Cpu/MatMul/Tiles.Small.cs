using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <content>Tiles for the last rows of a block, and for vectors.</content>
internal static unsafe partial class Tiles
{
    /// <summary>4 rows by 3 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply4x3<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1;
        long rightStep = tile.RightStep;
        TVector s0_0 = default, s0_1 = default, s0_2 = default;
        TVector s1_0 = default, s1_1 = default, s1_2 = default;
        TVector s2_0 = default, s2_1 = default, s2_2 = default;
        TVector s3_0 = default, s3_1 = default, s3_2 = default;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVector right0 = TLanes.Load(right);
            TVector right1 = TLanes.Load(right + TLanes.Count);
            TVector right2 = TLanes.Load(right + 2 * TLanes.Count);
            TVector value = TLanes.Broadcast(left[0]);
            s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
            s0_1 = TLanes.FusedMultiplyAdd(right1, value, s0_1);
            s0_2 = TLanes.FusedMultiplyAdd(right2, value, s0_2);
            value = TLanes.Broadcast(left[row1]);
            s1_0 = TLanes.FusedMultiplyAdd(right0, value, s1_0);
            s1_1 = TLanes.FusedMultiplyAdd(right1, value, s1_1);
            s1_2 = TLanes.FusedMultiplyAdd(right2, value, s1_2);
            value = TLanes.Broadcast(left[row2]);
            s2_0 = TLanes.FusedMultiplyAdd(right0, value, s2_0);
            s2_1 = TLanes.FusedMultiplyAdd(right1, value, s2_1);
            s2_2 = TLanes.FusedMultiplyAdd(right2, value, s2_2);
            value = TLanes.Broadcast(left[row3]);
            s3_0 = TLanes.FusedMultiplyAdd(right0, value, s3_0);
            s3_1 = TLanes.FusedMultiplyAdd(right1, value, s3_1);
            s3_2 = TLanes.FusedMultiplyAdd(right2, value, s3_2);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, s0_1, s0_2, accumulate);
        Finish<TLanes, TVector>(output + outputStep, s1_0, s1_1, s1_2, accumulate);
        Finish<TLanes, TVector>(output + (2 * outputStep), s2_0, s2_1, s2_2, accumulate);
        Finish<TLanes, TVector>(output + (3 * outputStep), s3_0, s3_1, s3_2, accumulate);
    }

    /// <summary>4 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply4x2<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1;
        long rightStep = tile.RightStep;
        TVector s0_0 = default, s0_1 = default;
        TVector s1_0 = default, s1_1 = default;
        TVector s2_0 = default, s2_1 = default;
        TVector s3_0 = default, s3_1 = default;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVector right0 = TLanes.Load(right);
            TVector right1 = TLanes.Load(right + TLanes.Count);
            TVector value = TLanes.Broadcast(left[0]);
            s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
            s0_1 = TLanes.FusedMultiplyAdd(right1, value, s0_1);
            value = TLanes.Broadcast(left[row1]);
            s1_0 = TLanes.FusedMultiplyAdd(right0, value, s1_0);
            s1_1 = TLanes.FusedMultiplyAdd(right1, value, s1_1);
            value = TLanes.Broadcast(left[row2]);
            s2_0 = TLanes.FusedMultiplyAdd(right0, value, s2_0);
            s2_1 = TLanes.FusedMultiplyAdd(right1, value, s2_1);
            value = TLanes.Broadcast(left[row3]);
            s3_0 = TLanes.FusedMultiplyAdd(right0, value, s3_0);
            s3_1 = TLanes.FusedMultiplyAdd(right1, value, s3_1);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, s0_1, accumulate);
        Finish<TLanes, TVector>(output + outputStep, s1_0, s1_1, accumulate);
        Finish<TLanes, TVector>(output + (2 * outputStep), s2_0, s2_1, accumulate);
        Finish<TLanes, TVector>(output + (3 * outputStep), s3_0, s3_1, accumulate);
    }

    /// <summary>4 rows by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply4x1<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1;
        long rightStep = tile.RightStep;
        TVector s0_0 = default;
        TVector s1_0 = default;
        TVector s2_0 = default;
        TVector s3_0 = default;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVector right0 = TLanes.Load(right);
            TVector value = TLanes.Broadcast(left[0]);
            s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
            value = TLanes.Broadcast(left[row1]);
            s1_0 = TLanes.FusedMultiplyAdd(right0, value, s1_0);
            value = TLanes.Broadcast(left[row2]);
            s2_0 = TLanes.FusedMultiplyAdd(right0, value, s2_0);
            value = TLanes.Broadcast(left[row3]);
            s3_0 = TLanes.FusedMultiplyAdd(right0, value, s3_0);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, accumulate);
        Finish<TLanes, TVector>(output + outputStep, s1_0, accumulate);
        Finish<TLanes, TVector>(output + (2 * outputStep), s2_0, accumulate);
        Finish<TLanes, TVector>(output + (3 * outputStep), s3_0, accumulate);
    }

    /// <summary>1 row by 3 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply1x3<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long rightStep = tile.RightStep;
        TVector s0_0 = default, s0_1 = default, s0_2 = default;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVector right0 = TLanes.Load(right);
            TVector right1 = TLanes.Load(right + TLanes.Count);
            TVector right2 = TLanes.Load(right + 2 * TLanes.Count);
            TVector value = TLanes.Broadcast(left[0]);
            s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
            s0_1 = TLanes.FusedMultiplyAdd(right1, value, s0_1);
            s0_2 = TLanes.FusedMultiplyAdd(right2, value, s0_2);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, s0_1, s0_2, accumulate);
    }

    /// <summary>1 row by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply1x2<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long rightStep = tile.RightStep;
        TVector s0_0 = default, s0_1 = default;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVector right0 = TLanes.Load(right);
            TVector right1 = TLanes.Load(right + TLanes.Count);
            TVector value = TLanes.Broadcast(left[0]);
            s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
            s0_1 = TLanes.FusedMultiplyAdd(right1, value, s0_1);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, s0_1, accumulate);
    }

    /// <summary>1 row by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply1x1<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long rightStep = tile.RightStep;
        TVector s0_0 = default;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            TVector right0 = TLanes.Load(right);
            TVector value = TLanes.Broadcast(left[0]);
            s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
            left += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, accumulate);
    }
}
