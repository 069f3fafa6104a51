using System.Runtime.CompilerServices;
using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>
/// Attention of the next tokens to the keys and values before them, of which only those that a token sees are read. Threads share rows and key
/// heads; keys and values of one stay in the second-level cache for all queries of its group.
/// </summary>
/// <remarks>
/// Scores are summed in the order of <see cref="LanewiseSums"/>, exponentials one after another in double precision, values in runs of
/// 128 places that are added in their order: for any number of threads, rows and places of the cache.
/// </remarks>
internal sealed unsafe class CachedAttentionKernel : CpuKernel
{
    /// <summary>The longest run that is summed from zero.</summary>
    private const int MaximumRun = 128;
    private const double WorkPerThread = 30_000;
    private readonly CachedAttention _op;
    private readonly long _rows, _keyHeads, _group, _time, _capacity;
    private readonly int _dimension;
    private readonly bool _isWide;
    private readonly int _workers;
    private readonly long _scratchFloats;

    private CachedAttentionKernel(Node node, int threadCount)
    {
        _op = (CachedAttention)node.Op;
        Shape query = node.Inputs[0].Shape, keys = node.Inputs[1].Shape;
        (_rows, _keyHeads, _capacity, _time) = (query[0], keys[1], keys[2], query[2]);
        _group = query[1] / keys[1];
        _dimension = checked((int)query[3]);
        _isWide = node.Inputs[3].DType == DType.Int64;
        double work = 4.0 * query.ElementCount * _capacity;
        _workers = (int)Math.Clamp(Math.Min(_rows * _keyHeads, work / WorkPerThread), 1, threadCount);

        // For each worker the scores of a query, and the sums of a run.
        _scratchFloats = (_capacity + 2 * _dimension + 63) & ~15L;
    }

    internal override long ScratchBytes => sizeof(float) * _workers * _scratchFloats;

    internal static CpuKernel? Make(KernelRequest request) => request.IsFloat32 ? new CachedAttentionKernel(request.Node, request.Threads) : null;

    internal override BoundKernel Bind(byte** operands) => new Bound(this, operands);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Attend<TVec>(byte** operands, long unit, float* scratch)
        where TVec : unmanaged, ISimd<TVec>
    {
        long matrix = _capacity * _dimension, queries = _group * _time * _dimension;
        float* query = (float*)operands[0] + (unit * queries), output = (float*)operands[4] + (unit * queries);
        float* keys = (float*)operands[1] + (unit * matrix), values = (float*)operands[2] + (unit * matrix);
        long position = IndexReader.Read(operands[3], _isWide, unit / _keyHeads);
        for (long i = 0; i < _group * _time; i++, query += _dimension, output += _dimension)
        {
            // Beyond the capacity, whatever the number, a token sees what one at its end sees.
            long place = Math.Clamp(position, -_time - 1, _capacity + (_op.Window == 0 ? 0 : _op.Window)) + (i % _time);
            (long first, long end) = _op.PlacesOf(place, _capacity);
            int count = (int)(end - first);
            Packing.Clear(output, _dimension);
            if (count == 0)
                continue;
            Score<TVec>(query, keys + (first * _dimension), count, scratch);
            float scale = 1 / Exponentiate<TVec>(scratch, count);
            Mix<TVec>(scratch, values + (first * _dimension), count, scratch + _capacity + 16, output);
            for (int d = 0; d < _dimension; d++)
                output[d] *= scale;
        }
    }

    private void Score<TVec>(float* query, float* keys, int count, float* scores)
        where TVec : unmanaged, ISimd<TVec>
    {
        int j = 0;
        for (; j <= count - LanewiseSums.Columns; j += LanewiseSums.Columns)
            LanewiseSums.OfFour<TVec>(query, keys + ((long)j * _dimension), _dimension, scores + j);
        LanewiseSums.OfEach<TVec>(query, keys + ((long)j * _dimension), _dimension, count - j, scores + j);
    }

    /// <summary>Scores become exponentials of their scaled distance to the largest; returns the sum of those.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Exponentiate<TVec>(float* scores, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        float scale = (float)_op.Scale, largest = float.NegativeInfinity;
        for (int j = 0; j < count; j++)
        {
            scores[j] *= scale;
            largest = MathF.Max(largest, scores[j]);
        }

        TVec shift = TVec.Broadcast(largest);
        for (int j = 0; j < count; j += TVec.Count)
        {
            int rest = Math.Min(TVec.Count, count - j);
            TVec.StorePartial(scores + j, SimdMath.Exp(TVec.Subtract(TVec.LoadPartial(scores + j, rest), shift)), rest);
        }

        double sum = 0;
        for (int j = 0; j < count; j++)
            sum += scores[j];
        return (float)sum;
    }

    /// <summary>Adds up values with their weights.</summary>
    private void Mix<TVec>(float* weights, float* values, int count, float* run, float* output)
        where TVec : unmanaged, ISimd<TVec>
    {
        for (int j = 0; j < count; j += MaximumRun)
        {
            Packing.Clear(run, _dimension);
            DepthwiseSums.Add<TVec>(values + ((long)j * _dimension), _dimension, Math.Min(MaximumRun, count - j), weights + j, run, _dimension);
            for (int d = 0; d < _dimension; d++)
                output[d] += run[d];
        }
    }

    private sealed class Bound : BoundKernel
    {
        private readonly CachedAttentionKernel _kernel;
        private readonly Job _job;

        internal Bound(CachedAttentionKernel kernel, byte** operands) => (_kernel, _job) = (kernel, new Job(kernel, operands));

        internal override void Run(byte* scratch, WorkerPool pool)
        {
            _job.Scratch = (float*)scratch;
            pool.Run(_job, _kernel._workers);
        }
    }

    private sealed class Job(CachedAttentionKernel kernel, byte** operands) : ParallelJob
    {
        internal float* Scratch { get; set; }

        internal override void Execute(int part)
        {
            long units = kernel._rows * kernel._keyHeads, end = units * (part + 1) / kernel._workers;
            float* scratch = Scratch + (part * kernel._scratchFloats);
            for (long unit = units * part / kernel._workers; unit < end; unit++)
            {
                switch (InstructionSets.Best)
                {
                    case InstructionSet.Vector512: kernel.Attend<V512>(operands, unit, scratch); break;
                    case InstructionSet.Vector256: kernel.Attend<V256>(operands, unit, scratch); break;
                    default: kernel.Attend<V128>(operands, unit, scratch); break;
                }
            }
        }
    }
}
