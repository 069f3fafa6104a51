using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>
/// Register tiles. Each sums the products of a few rows of the left panel and up to three vectors of the right panel over one run of the
/// depth, and keeps all sums in registers. Every sum starts at zero and takes one fused multiply-add after the other, so all tiles give
/// the same bits. The statements are written out because the compiler keeps separate variables, not array elements, in registers.
/// </summary>
/// <remarks>
/// What counts is the number of instructions beside the multiply-adds: a neighbour on the same core takes half of the places to issue them.
/// So the largest tile is as square as the registers allow, the vectors are the runtime's own (a struct around them costs a move for
/// each broadcast), and only what lies far away is prefetched.
/// </remarks>
internal static unsafe partial class Tiles
{
    /// <summary>8 rows by 3 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply8x3<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        long leftStep = TLayout.DepthStep(8);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1;
        long rightStep = tile.RightStep;
        long nextStep = tile.NextStep;
        long outputStep = tile.OutputStep, tiles = tile.Count;
        float* tileLeft = tile.Left, tileNext = tile.Next, output = tile.Output;
        do
        {
            float* left = tileLeft, right = tile.Right, next = tileNext;
            float* lower = left + 4 * row1;
            Prefetch(output, outputStep, 8, 3 * TLanes.Count);
            TVector s0_0 = default, s0_1 = default, s0_2 = default;
            TVector s1_0 = default, s1_1 = default, s1_2 = default;
            TVector s2_0 = default, s2_1 = default, s2_2 = default;
            TVector s3_0 = default, s3_1 = default, s3_2 = default;
            TVector s4_0 = default, s4_1 = default, s4_2 = default;
            TVector s5_0 = default, s5_1 = default, s5_2 = default;
            TVector s6_0 = default, s6_1 = default, s6_2 = default;
            TVector s7_0 = default, s7_1 = default, s7_2 = default;
            long depth = tile.Depth;
            for (; depth > 1; depth -= 2)
            {
                if (Sse.IsSupported)
                {
                    Sse.Prefetch1(next);
                    next += nextStep;
                }

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
                value = TLanes.Broadcast(lower[0]);
                s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
                s4_1 = TLanes.FusedMultiplyAdd(right1, value, s4_1);
                s4_2 = TLanes.FusedMultiplyAdd(right2, value, s4_2);
                value = TLanes.Broadcast(lower[row1]);
                s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
                s5_1 = TLanes.FusedMultiplyAdd(right1, value, s5_1);
                s5_2 = TLanes.FusedMultiplyAdd(right2, value, s5_2);
                value = TLanes.Broadcast(lower[row2]);
                s6_0 = TLanes.FusedMultiplyAdd(right0, value, s6_0);
                s6_1 = TLanes.FusedMultiplyAdd(right1, value, s6_1);
                s6_2 = TLanes.FusedMultiplyAdd(right2, value, s6_2);
                value = TLanes.Broadcast(lower[row3]);
                s7_0 = TLanes.FusedMultiplyAdd(right0, value, s7_0);
                s7_1 = TLanes.FusedMultiplyAdd(right1, value, s7_1);
                s7_2 = TLanes.FusedMultiplyAdd(right2, value, s7_2);

                right0 = TLanes.Load(right + rightStep);
                right1 = TLanes.Load(right + rightStep + TLanes.Count);
                right2 = TLanes.Load(right + rightStep + 2 * TLanes.Count);
                value = TLanes.Broadcast(left[leftStep]);
                s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
                s0_1 = TLanes.FusedMultiplyAdd(right1, value, s0_1);
                s0_2 = TLanes.FusedMultiplyAdd(right2, value, s0_2);
                value = TLanes.Broadcast(left[row1 + leftStep]);
                s1_0 = TLanes.FusedMultiplyAdd(right0, value, s1_0);
                s1_1 = TLanes.FusedMultiplyAdd(right1, value, s1_1);
                s1_2 = TLanes.FusedMultiplyAdd(right2, value, s1_2);
                value = TLanes.Broadcast(left[row2 + leftStep]);
                s2_0 = TLanes.FusedMultiplyAdd(right0, value, s2_0);
                s2_1 = TLanes.FusedMultiplyAdd(right1, value, s2_1);
                s2_2 = TLanes.FusedMultiplyAdd(right2, value, s2_2);
                value = TLanes.Broadcast(left[row3 + leftStep]);
                s3_0 = TLanes.FusedMultiplyAdd(right0, value, s3_0);
                s3_1 = TLanes.FusedMultiplyAdd(right1, value, s3_1);
                s3_2 = TLanes.FusedMultiplyAdd(right2, value, s3_2);
                value = TLanes.Broadcast(lower[leftStep]);
                s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
                s4_1 = TLanes.FusedMultiplyAdd(right1, value, s4_1);
                s4_2 = TLanes.FusedMultiplyAdd(right2, value, s4_2);
                value = TLanes.Broadcast(lower[row1 + leftStep]);
                s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
                s5_1 = TLanes.FusedMultiplyAdd(right1, value, s5_1);
                s5_2 = TLanes.FusedMultiplyAdd(right2, value, s5_2);
                value = TLanes.Broadcast(lower[row2 + leftStep]);
                s6_0 = TLanes.FusedMultiplyAdd(right0, value, s6_0);
                s6_1 = TLanes.FusedMultiplyAdd(right1, value, s6_1);
                s6_2 = TLanes.FusedMultiplyAdd(right2, value, s6_2);
                value = TLanes.Broadcast(lower[row3 + leftStep]);
                s7_0 = TLanes.FusedMultiplyAdd(right0, value, s7_0);
                s7_1 = TLanes.FusedMultiplyAdd(right1, value, s7_1);
                s7_2 = TLanes.FusedMultiplyAdd(right2, value, s7_2);
                left += 2 * leftStep;
                lower += 2 * leftStep;
                right += 2 * rightStep;
            }

            if (depth > 0)
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
                value = TLanes.Broadcast(lower[0]);
                s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
                s4_1 = TLanes.FusedMultiplyAdd(right1, value, s4_1);
                s4_2 = TLanes.FusedMultiplyAdd(right2, value, s4_2);
                value = TLanes.Broadcast(lower[row1]);
                s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
                s5_1 = TLanes.FusedMultiplyAdd(right1, value, s5_1);
                s5_2 = TLanes.FusedMultiplyAdd(right2, value, s5_2);
                value = TLanes.Broadcast(lower[row2]);
                s6_0 = TLanes.FusedMultiplyAdd(right0, value, s6_0);
                s6_1 = TLanes.FusedMultiplyAdd(right1, value, s6_1);
                s6_2 = TLanes.FusedMultiplyAdd(right2, value, s6_2);
                value = TLanes.Broadcast(lower[row3]);
                s7_0 = TLanes.FusedMultiplyAdd(right0, value, s7_0);
                s7_1 = TLanes.FusedMultiplyAdd(right1, value, s7_1);
                s7_2 = TLanes.FusedMultiplyAdd(right2, value, s7_2);
            }

            if (tile.Accumulate)
            {
                Add<TLanes, TVector>(output, s0_0, s0_1, s0_2);
                Add<TLanes, TVector>(output + outputStep, s1_0, s1_1, s1_2);
                Add<TLanes, TVector>(output + (2 * outputStep), s2_0, s2_1, s2_2);
                Add<TLanes, TVector>(output + (3 * outputStep), s3_0, s3_1, s3_2);
                Add<TLanes, TVector>(output + (4 * outputStep), s4_0, s4_1, s4_2);
                Add<TLanes, TVector>(output + (5 * outputStep), s5_0, s5_1, s5_2);
                Add<TLanes, TVector>(output + (6 * outputStep), s6_0, s6_1, s6_2);
                Add<TLanes, TVector>(output + (7 * outputStep), s7_0, s7_1, s7_2);
            }
            else
            {
                Store<TLanes, TVector>(output, s0_0, s0_1, s0_2);
                Store<TLanes, TVector>(output + outputStep, s1_0, s1_1, s1_2);
                Store<TLanes, TVector>(output + (2 * outputStep), s2_0, s2_1, s2_2);
                Store<TLanes, TVector>(output + (3 * outputStep), s3_0, s3_1, s3_2);
                Store<TLanes, TVector>(output + (4 * outputStep), s4_0, s4_1, s4_2);
                Store<TLanes, TVector>(output + (5 * outputStep), s5_0, s5_1, s5_2);
                Store<TLanes, TVector>(output + (6 * outputStep), s6_0, s6_1, s6_2);
                Store<TLanes, TVector>(output + (7 * outputStep), s7_0, s7_1, s7_2);
            }

            tileLeft += tile.LeftTileStep;
            tileNext += tile.NextTileStep;
            output += 8 * outputStep;
        }
        while (--tiles > 0);
    }

    /// <summary>8 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply8x2<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1;
        float* lower = left + 4 * row1;
        long rightStep = tile.RightStep;
        float* next = tile.Next;
        Prefetch(tile.Output, tile.OutputStep, 8, 2 * TLanes.Count);
        TVector s0_0 = default, s0_1 = default;
        TVector s1_0 = default, s1_1 = default;
        TVector s2_0 = default, s2_1 = default;
        TVector s3_0 = default, s3_1 = default;
        TVector s4_0 = default, s4_1 = default;
        TVector s5_0 = default, s5_1 = default;
        TVector s6_0 = default, s6_1 = default;
        TVector s7_0 = default, s7_1 = default;
        for (long depth = tile.Depth; depth > 0; depth--)
        {
            if (Sse.IsSupported && (depth & 1) != 0)
            {
                Sse.Prefetch1(next);
                next += tile.NextStep;
            }

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
            value = TLanes.Broadcast(lower[0]);
            s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
            s4_1 = TLanes.FusedMultiplyAdd(right1, value, s4_1);
            value = TLanes.Broadcast(lower[row1]);
            s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
            s5_1 = TLanes.FusedMultiplyAdd(right1, value, s5_1);
            value = TLanes.Broadcast(lower[row2]);
            s6_0 = TLanes.FusedMultiplyAdd(right0, value, s6_0);
            s6_1 = TLanes.FusedMultiplyAdd(right1, value, s6_1);
            value = TLanes.Broadcast(lower[row3]);
            s7_0 = TLanes.FusedMultiplyAdd(right0, value, s7_0);
            s7_1 = TLanes.FusedMultiplyAdd(right1, value, s7_1);
            left += leftStep;
            lower += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, s0_1, accumulate);
        Finish<TLanes, TVector>(output + outputStep, s1_0, s1_1, accumulate);
        Finish<TLanes, TVector>(output + (2 * outputStep), s2_0, s2_1, accumulate);
        Finish<TLanes, TVector>(output + (3 * outputStep), s3_0, s3_1, accumulate);
        Finish<TLanes, TVector>(output + (4 * outputStep), s4_0, s4_1, accumulate);
        Finish<TLanes, TVector>(output + (5 * outputStep), s5_0, s5_1, accumulate);
        Finish<TLanes, TVector>(output + (6 * outputStep), s6_0, s6_1, accumulate);
        Finish<TLanes, TVector>(output + (7 * outputStep), s7_0, s7_1, accumulate);
    }

    /// <summary>8 rows by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply8x1<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1;
        float* lower = left + 4 * row1;
        long rightStep = tile.RightStep;
        TVector s0_0 = default;
        TVector s1_0 = default;
        TVector s2_0 = default;
        TVector s3_0 = default;
        TVector s4_0 = default;
        TVector s5_0 = default;
        TVector s6_0 = default;
        TVector s7_0 = default;
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
            value = TLanes.Broadcast(lower[0]);
            s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
            value = TLanes.Broadcast(lower[row1]);
            s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
            value = TLanes.Broadcast(lower[row2]);
            s6_0 = TLanes.FusedMultiplyAdd(right0, value, s6_0);
            value = TLanes.Broadcast(lower[row3]);
            s7_0 = TLanes.FusedMultiplyAdd(right0, value, s7_0);
            left += leftStep;
            lower += leftStep;
            right += rightStep;
        }

        float* output = tile.Output;
        long outputStep = tile.OutputStep;
        bool accumulate = tile.Accumulate;
        Finish<TLanes, TVector>(output, s0_0, accumulate);
        Finish<TLanes, TVector>(output + outputStep, s1_0, accumulate);
        Finish<TLanes, TVector>(output + (2 * outputStep), s2_0, accumulate);
        Finish<TLanes, TVector>(output + (3 * outputStep), s3_0, accumulate);
        Finish<TLanes, TVector>(output + (4 * outputStep), s4_0, accumulate);
        Finish<TLanes, TVector>(output + (5 * outputStep), s5_0, accumulate);
        Finish<TLanes, TVector>(output + (6 * outputStep), s6_0, accumulate);
        Finish<TLanes, TVector>(output + (7 * outputStep), s7_0, accumulate);
    }

    /// <summary>6 rows by 2 vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply6x2<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        long leftStep = TLayout.DepthStep(6);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1, row4 = 4 * row1, row5 = 5 * row1;
        long rightStep = tile.RightStep;
        long nextStep = tile.NextStep;
        long outputStep = tile.OutputStep, tiles = tile.Count;
        float* tileLeft = tile.Left, tileNext = tile.Next, output = tile.Output;
        do
        {
            float* left = tileLeft, right = tile.Right, next = tileNext;
            Prefetch(output, outputStep, 6, 2 * TLanes.Count);
            TVector s0_0 = default, s0_1 = default;
            TVector s1_0 = default, s1_1 = default;
            TVector s2_0 = default, s2_1 = default;
            TVector s3_0 = default, s3_1 = default;
            TVector s4_0 = default, s4_1 = default;
            TVector s5_0 = default, s5_1 = default;
            long depth = tile.Depth;
            for (; depth > 1; depth -= 2)
            {
                if (Sse.IsSupported)
                {
                    Sse.Prefetch1(next);
                    next += nextStep;
                }

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
                value = TLanes.Broadcast(left[row4]);
                s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
                s4_1 = TLanes.FusedMultiplyAdd(right1, value, s4_1);
                value = TLanes.Broadcast(left[row5]);
                s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
                s5_1 = TLanes.FusedMultiplyAdd(right1, value, s5_1);

                right0 = TLanes.Load(right + rightStep);
                right1 = TLanes.Load(right + rightStep + TLanes.Count);
                value = TLanes.Broadcast(left[leftStep]);
                s0_0 = TLanes.FusedMultiplyAdd(right0, value, s0_0);
                s0_1 = TLanes.FusedMultiplyAdd(right1, value, s0_1);
                value = TLanes.Broadcast(left[row1 + leftStep]);
                s1_0 = TLanes.FusedMultiplyAdd(right0, value, s1_0);
                s1_1 = TLanes.FusedMultiplyAdd(right1, value, s1_1);
                value = TLanes.Broadcast(left[row2 + leftStep]);
                s2_0 = TLanes.FusedMultiplyAdd(right0, value, s2_0);
                s2_1 = TLanes.FusedMultiplyAdd(right1, value, s2_1);
                value = TLanes.Broadcast(left[row3 + leftStep]);
                s3_0 = TLanes.FusedMultiplyAdd(right0, value, s3_0);
                s3_1 = TLanes.FusedMultiplyAdd(right1, value, s3_1);
                value = TLanes.Broadcast(left[row4 + leftStep]);
                s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
                s4_1 = TLanes.FusedMultiplyAdd(right1, value, s4_1);
                value = TLanes.Broadcast(left[row5 + leftStep]);
                s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
                s5_1 = TLanes.FusedMultiplyAdd(right1, value, s5_1);
                left += 2 * leftStep;
                right += 2 * rightStep;
            }

            if (depth > 0)
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
                value = TLanes.Broadcast(left[row4]);
                s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
                s4_1 = TLanes.FusedMultiplyAdd(right1, value, s4_1);
                value = TLanes.Broadcast(left[row5]);
                s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
                s5_1 = TLanes.FusedMultiplyAdd(right1, value, s5_1);
            }

            if (tile.Accumulate)
            {
                Add<TLanes, TVector>(output, s0_0, s0_1);
                Add<TLanes, TVector>(output + outputStep, s1_0, s1_1);
                Add<TLanes, TVector>(output + (2 * outputStep), s2_0, s2_1);
                Add<TLanes, TVector>(output + (3 * outputStep), s3_0, s3_1);
                Add<TLanes, TVector>(output + (4 * outputStep), s4_0, s4_1);
                Add<TLanes, TVector>(output + (5 * outputStep), s5_0, s5_1);
            }
            else
            {
                Store<TLanes, TVector>(output, s0_0, s0_1);
                Store<TLanes, TVector>(output + outputStep, s1_0, s1_1);
                Store<TLanes, TVector>(output + (2 * outputStep), s2_0, s2_1);
                Store<TLanes, TVector>(output + (3 * outputStep), s3_0, s3_1);
                Store<TLanes, TVector>(output + (4 * outputStep), s4_0, s4_1);
                Store<TLanes, TVector>(output + (5 * outputStep), s5_0, s5_1);
            }

            tileLeft += tile.LeftTileStep;
            tileNext += tile.NextTileStep;
            output += 6 * outputStep;
        }
        while (--tiles > 0);
    }

    /// <summary>6 rows by 1 vector.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply6x1<TLanes, TVector, TLayout>(in TileArguments tile)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
        where TLayout : struct, ILeftLayout
    {
        float* left = tile.Left;
        float* right = tile.Right;
        long leftStep = TLayout.DepthStep(tile.LeftDepthStep);
        long row1 = TLayout.RowStep(tile.LeftRowStep);
        long row2 = 2 * row1, row3 = 3 * row1, row4 = 4 * row1, row5 = 5 * row1;
        long rightStep = tile.RightStep;
        TVector s0_0 = default;
        TVector s1_0 = default;
        TVector s2_0 = default;
        TVector s3_0 = default;
        TVector s4_0 = default;
        TVector s5_0 = default;
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
            value = TLanes.Broadcast(left[row4]);
            s4_0 = TLanes.FusedMultiplyAdd(right0, value, s4_0);
            value = TLanes.Broadcast(left[row5]);
            s5_0 = TLanes.FusedMultiplyAdd(right0, value, s5_0);
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
        Finish<TLanes, TVector>(output + (4 * outputStep), s4_0, accumulate);
        Finish<TLanes, TVector>(output + (5 * outputStep), s5_0, accumulate);
    }
}
