using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>
/// Sums of products of two contiguous vectors in 16 lanes: lane i adds up elements i, i + 16, i + 32, ..., and the lanes are added as a tree of
/// halves, whatever the width of the machine's vectors.
/// </summary>
internal static unsafe class LanewiseSums
{
    /// <summary>How many vectors are multiplied with one at a time, as many streams of memory.</summary>
    internal const int Columns = 4;
    private const int Lanes = 16;

    /// <summary>The sums of one vector with four that lie one behind another.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void OfFour<TVec>(float* left, float* right, int depth, float* output)
        where TVec : unmanaged, ISimd<TVec>
    {
        Partial<TVec> a = default, b = default, c = default, d = default;
        float* second = right + depth, third = second + depth, fourth = third + depth;
        long next = Columns * (long)depth;
        int i = 0;
        for (; i <= depth - Lanes; i += Lanes)
        {
            // Each vector ends before the processor has seen that it is a stream.
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(right + next + i);
                Sse.Prefetch0(second + next + i);
                Sse.Prefetch0(third + next + i);
                Sse.Prefetch0(fourth + next + i);
            }

            a.Add(left + i, right + i);
            b.Add(left + i, second + i);
            c.Add(left + i, third + i);
            d.Add(left + i, fourth + i);
        }

        a.AddRest(left + i, right + i, depth - i);
        b.AddRest(left + i, second + i, depth - i);
        c.AddRest(left + i, third + i, depth - i);
        d.AddRest(left + i, fourth + i, depth - i);
        output[0] = a.Sum();
        output[1] = b.Sum();
        output[2] = c.Sum();
        output[3] = d.Sum();
    }

    /// <summary>The same for any number of vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void OfEach<TVec>(float* left, float* right, int depth, int count, float* output)
        where TVec : unmanaged, ISimd<TVec>
    {
        for (int column = 0; column < count; column++, right += depth)
        {
            Partial<TVec> sum = default;
            int i = 0;
            for (; i <= depth - Lanes; i += Lanes)
                sum.Add(left + i, right + i);
            sum.AddRest(left + i, right + i, depth - i);
            output[column] = sum.Sum();
        }
    }

    /// <summary>The 16 lanes in one, two or four vectors.</summary>
    private struct Partial<TVec>
        where TVec : unmanaged, ISimd<TVec>
    {
        private TVec _first, _second, _third, _fourth;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Add(float* left, float* right)
        {
            _first = TVec.FusedMultiplyAdd(TVec.Load(left), TVec.Load(right), _first);
            if (TVec.Count <= 8)
                _second = TVec.FusedMultiplyAdd(TVec.Load(left + TVec.Count), TVec.Load(right + TVec.Count), _second);
            if (TVec.Count <= 4)
            {
                _third = TVec.FusedMultiplyAdd(TVec.Load(left + (2 * TVec.Count)), TVec.Load(right + (2 * TVec.Count)), _third);
                _fourth = TVec.FusedMultiplyAdd(TVec.Load(left + (3 * TVec.Count)), TVec.Load(right + (3 * TVec.Count)), _fourth);
            }
        }

        /// <summary>Adds fewer than 16 elements.</summary>
        [SkipLocalsInit]
        internal void AddRest(float* left, float* right, int count)
        {
            if (count == 0)
                return;
            float* padded = stackalloc float[2 * Lanes];
            for (int i = 0; i < Lanes; i++)
                (padded[i], padded[Lanes + i]) = i < count ? (left[i], right[i]) : (0, 0);
            Add(padded, padded + Lanes);
        }

        [SkipLocalsInit]
        internal readonly float Sum()
        {
            float* lanes = stackalloc float[Lanes];
            TVec.Store(lanes, _first);
            if (TVec.Count <= 8)
                TVec.Store(lanes + TVec.Count, _second);
            if (TVec.Count <= 4)
            {
                TVec.Store(lanes + (2 * TVec.Count), _third);
                TVec.Store(lanes + (3 * TVec.Count), _fourth);
            }

            for (int half = Lanes / 2; half > 0; half /= 2)
            {
                for (int i = 0; i < half; i++)
                    lanes[i] += lanes[half + i];
            }

            return lanes[0];
        }
    }
}
