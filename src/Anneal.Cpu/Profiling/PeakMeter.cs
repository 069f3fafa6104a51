using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Anneal.Cpu;

/// <summary>Measures what the threads of a pool can do at most: multiply-adds of independent vectors, and reading and writing memory.</summary>
internal static unsafe class PeakMeter
{
    private const int Rounds = 9;

    /// <summary>Operations a second, a multiply-add counting as two: the best of several rounds.</summary>
    internal static double Operations(WorkerPool pool)
    {
        var job = new ArithmeticJob();
        double seconds = Best(() => pool.Run(job, pool.ThreadCount));
        return 2.0 * pool.ThreadCount * ArithmeticJob.Iterations * ArithmeticJob.Chains * ArithmeticJob.VectorLength / seconds;
    }

    /// <summary>Bytes a second of <c>y = x + y</c> over arrays far larger than the caches: each is read, one is written.</summary>
    internal static double Bytes(WorkerPool pool)
    {
        const long Length = 16L << 20;
        NativeBuffer x = Touched(Length), y = Touched(Length);
        var job = new MemoryJob(x, y, Length / pool.ThreadCount);
        double seconds = Best(() => pool.Run(job, pool.ThreadCount));
        return 3.0 * sizeof(float) * (Length / pool.ThreadCount) * pool.ThreadCount / seconds;
    }

    /// <summary>Bytes a second of reading an array far larger than the caches.</summary>
    internal static double ReadBytes(WorkerPool pool)
    {
        const long Length = 32L << 20;
        NativeBuffer x = Touched(Length), sums = new(64 * pool.ThreadCount);
        var job = new ReadJob(x, sums, Length / pool.ThreadCount);
        double seconds = Best(() => pool.Run(job, pool.ThreadCount));
        return (double)sizeof(float) * (Length / pool.ThreadCount) * pool.ThreadCount / seconds;
    }

    /// <summary>Memory that was written once: before that, all of it may be one page of zeros in the caches.</summary>
    internal static NativeBuffer Touched(long floats)
    {
        var buffer = new NativeBuffer(floats * sizeof(float));
        for (long i = 0; i < floats; i += 1 << 20)
            new Span<float>((float*)buffer.Pointer + i, (int)Math.Min(1 << 20, floats - i)).Fill(1e-3f);
        return buffer;
    }

    private static double Best(Action round)
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            round();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private sealed class ArithmeticJob : ParallelJob
    {
        internal const int Chains = 12, Iterations = 400_000;

        internal static int VectorLength => InstructionSets.Best switch
        {
            InstructionSet.Vector512 => V512.Count,
            InstructionSet.Vector256 => V256.Count,
            _ => V128.Count,
        };

        internal override void Execute(int part)
        {
            float* results = stackalloc float[16];
            switch (InstructionSets.Best)
            {
                case InstructionSet.Vector512: Chain<Lanes512, Vector512<float>>(results); break;
                case InstructionSet.Vector256: Chain<Lanes256, Vector256<float>>(results); break;
                default: Chain<Lanes128, Vector128<float>>(results); break;
            }
        }

        /// <summary>Twelve chains, so that each hides the latency of the others.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static void Chain<TLanes, TVector>(float* results)
            where TLanes : struct, ITileLanes<TVector>
            where TVector : struct
        {
            TVector x = TLanes.Broadcast(0.999f), y = TLanes.Broadcast(0.001f);
            TVector a, b, c, d, e, f, g, h, i, j, k, l;
            a = b = c = d = e = f = g = h = i = j = k = l = TLanes.Broadcast(1);
            for (int n = 0; n < Iterations; n++)
            {
                a = TLanes.FusedMultiplyAdd(a, x, y);
                b = TLanes.FusedMultiplyAdd(b, x, y);
                c = TLanes.FusedMultiplyAdd(c, x, y);
                d = TLanes.FusedMultiplyAdd(d, x, y);
                e = TLanes.FusedMultiplyAdd(e, x, y);
                f = TLanes.FusedMultiplyAdd(f, x, y);
                g = TLanes.FusedMultiplyAdd(g, x, y);
                h = TLanes.FusedMultiplyAdd(h, x, y);
                i = TLanes.FusedMultiplyAdd(i, x, y);
                j = TLanes.FusedMultiplyAdd(j, x, y);
                k = TLanes.FusedMultiplyAdd(k, x, y);
                l = TLanes.FusedMultiplyAdd(l, x, y);
            }

            TVector first = TLanes.Add(TLanes.Add(TLanes.Add(a, b), TLanes.Add(c, d)), TLanes.Add(e, f));
            TVector second = TLanes.Add(TLanes.Add(TLanes.Add(g, h), TLanes.Add(i, j)), TLanes.Add(k, l));
            TLanes.Store(results, TLanes.Add(first, second));
        }
    }

    private sealed class MemoryJob(NativeBuffer x, NativeBuffer y, long length) : ParallelJob
    {
        internal override void Execute(int part)
        {
            float* from = (float*)x.Pointer + (part * length), to = (float*)y.Pointer + (part * length);
            switch (InstructionSets.Best)
            {
                case InstructionSet.Vector512: Add<V512>(from, to, length); break;
                case InstructionSet.Vector256: Add<V256>(from, to, length); break;
                default: Add<V128>(from, to, length); break;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static void Add<TVec>(float* from, float* to, long length)
            where TVec : unmanaged, ISimd<TVec>
        {
            for (long i = 0; i <= length - TVec.Count; i += TVec.Count)
                TVec.Store(to + i, TVec.Add(TVec.Load(from + i), TVec.Load(to + i)));
        }
    }

    private sealed class ReadJob(NativeBuffer x, NativeBuffer sums, long length) : ParallelJob
    {
        internal override void Execute(int part)
        {
            float* from = (float*)x.Pointer + (part * length), sum = (float*)(sums.Pointer + (64 * part));
            switch (InstructionSets.Best)
            {
                case InstructionSet.Vector512: Sum<V512>(from, sum, length); break;
                case InstructionSet.Vector256: Sum<V256>(from, sum, length); break;
                default: Sum<V128>(from, sum, length); break;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static void Sum<TVec>(float* from, float* to, long length)
            where TVec : unmanaged, ISimd<TVec>
        {
            // Four places side by side: the processor fetches more than from one.
            TVec a = TVec.Zero, b = TVec.Zero, c = TVec.Zero, d = TVec.Zero;
            long quarter = length / 4;
            float* second = from + quarter, third = second + quarter, fourth = third + quarter;
            for (long i = 0; i <= quarter - TVec.Count; i += TVec.Count)
            {
                a = TVec.Add(a, TVec.Load(from + i));
                b = TVec.Add(b, TVec.Load(second + i));
                c = TVec.Add(c, TVec.Load(third + i));
                d = TVec.Add(d, TVec.Load(fourth + i));
            }

            TVec.Store(to, TVec.Add(TVec.Add(a, b), TVec.Add(c, d)));
        }
    }
}
