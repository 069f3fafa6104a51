using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <content>What a tile does with its sums.</content>
internal static unsafe partial class Tiles
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TLanes, TVector>(float* output, TVector sum, bool accumulate)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
    {
        if (accumulate)
            sum = TLanes.Add(TLanes.Load(output), sum);
        TLanes.Store(output, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TLanes, TVector>(float* output, TVector sum0, TVector sum1, bool accumulate)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
    {
        Finish<TLanes, TVector>(output, sum0, accumulate);
        Finish<TLanes, TVector>(output + TLanes.Count, sum1, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TLanes, TVector>(float* output, TVector sum0, TVector sum1, TVector sum2, bool accumulate)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
    {
        Finish<TLanes, TVector>(output, sum0, accumulate);
        Finish<TLanes, TVector>(output + TLanes.Count, sum1, accumulate);
        Finish<TLanes, TVector>(output + (2 * TLanes.Count), sum2, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TLanes, TVector>(float* output, TVector sum0, TVector sum1)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
    {
        TLanes.Store(output, TLanes.Add(TLanes.Load(output), sum0));
        TLanes.Store(output + TLanes.Count, TLanes.Add(TLanes.Load(output + TLanes.Count), sum1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TLanes, TVector>(float* output, TVector sum0, TVector sum1, TVector sum2)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
    {
        Add<TLanes, TVector>(output, sum0, sum1);
        TLanes.Store(output + (2 * TLanes.Count), TLanes.Add(TLanes.Load(output + (2 * TLanes.Count)), sum2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLanes, TVector>(float* output, TVector sum0, TVector sum1)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
    {
        TLanes.Store(output, sum0);
        TLanes.Store(output + TLanes.Count, sum1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLanes, TVector>(float* output, TVector sum0, TVector sum1, TVector sum2)
        where TLanes : struct, ITileLanes<TVector>
        where TVector : struct
    {
        Store<TLanes, TVector>(output, sum0, sum1);
        TLanes.Store(output + (2 * TLanes.Count), sum2);
    }

    /// <summary>Brings what a tile will be written to into the cache while its sums are computed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* output, long step, int rows, int columns)
    {
        if (!Sse.IsSupported)
            return;
        for (int row = 0; row < rows; row++, output += step)
        {
            for (int column = 0; column < columns; column += 16)
                Sse.Prefetch0(output + column);
        }
    }
}
