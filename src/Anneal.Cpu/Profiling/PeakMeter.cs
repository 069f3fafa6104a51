using System.Diagnostics;
using System.Runtime.CompilerServices;

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
        NativeBuffer x = new(Length * sizeof(float)), y = new(Length * sizeof(float));
        var job = new MemoryJob(x, y, Length / pool.ThreadCount);
        double seconds = Best(() => pool.Run(job, pool.ThreadCount));
        return 3.0 * sizeof(float) * (Length / pool.ThreadCount) * pool.ThreadCount / seconds;
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
                case InstructionSet.Vector512: Chain<V512>(results); break;
                case InstructionSet.Vector256: Chain<V256>(results); break;
                default: Chain<V128>(results); break;
            }
        }

        /// <summary>Twelve chains, so that each hides the latency of the others.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static void Chain<TVec>(float* results)
            where TVec : unmanaged, ISimd<TVec>
        {
            TVec x = TVec.Broadcast(0.999f), y = TVec.Broadcast(0.001f);
            TVec a, b, c, d, e, f, g, h, i, j, k, l;
            a = b = c = d = e = f = g = h = i = j = k = l = TVec.Broadcast(1);
            for (int n = 0; n < Iterations; n++)
            {
                a = TVec.FusedMultiplyAdd(a, x, y);
                b = TVec.FusedMultiplyAdd(b, x, y);
                c = TVec.FusedMultiplyAdd(c, x, y);
                d = TVec.FusedMultiplyAdd(d, x, y);
                e = TVec.FusedMultiplyAdd(e, x, y);
                f = TVec.FusedMultiplyAdd(f, x, y);
                g = TVec.FusedMultiplyAdd(g, x, y);
                h = TVec.FusedMultiplyAdd(h, x, y);
                i = TVec.FusedMultiplyAdd(i, x, y);
                j = TVec.FusedMultiplyAdd(j, x, y);
                k = TVec.FusedMultiplyAdd(k, x, y);
                l = TVec.FusedMultiplyAdd(l, x, y);
            }

            TVec first = TVec.Add(TVec.Add(TVec.Add(a, b), TVec.Add(c, d)), TVec.Add(e, f));
            TVec second = TVec.Add(TVec.Add(TVec.Add(g, h), TVec.Add(i, j)), TVec.Add(k, l));
            TVec.Store(results, TVec.Add(first, second));
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
}
