using Tiles128 = Anneal.Cpu.Tiles16<Anneal.Cpu.Lanes128, System.Runtime.Intrinsics.Vector128<float>, Anneal.Cpu.V128>;
using Tiles256 = Anneal.Cpu.Tiles16<Anneal.Cpu.Lanes256, System.Runtime.Intrinsics.Vector256<float>, Anneal.Cpu.V256>;

namespace Anneal.Cpu;

/// <summary>
/// A product of a few rows with a large matrix, as in each step of generation: the time is that of reading the matrix once, so it is read
/// in the order in which it lies. Immutable, so several threads may run it at once.
/// </summary>
/// <remarks>
/// The depth of a row-major matrix is cut into runs as in <see cref="TiledProduct"/>: each is summed from zero, its sums stand aside, and
/// whoever finishes the last one adds them in their order. A transposed matrix has a contiguous row for each column of the output; see
/// <see cref="LanewiseSums"/> for the order of its sums. Neither depends on the number of rows or threads.
/// </remarks>
internal sealed unsafe class StreamedProduct
{
    /// <summary>With more rows the processor's arithmetic takes longer than its memory.</summary>
    private const long MostRows = 8;

    /// <summary>Smaller matrices stay in the caches from run to run, where tiles are as fast.</summary>
    private const long LeastElements = 1 << 18;

    /// <summary>Longer sums are cut into slices, which loses fewer digits.</summary>
    private const long MostDepth = 1 << 15;
    private const int MaximumDepthRun = 128;
    private const int UnitsPerThread = 4;

    /// <summary>As many columns of all streams stay in the first-level cache for further rows.</summary>
    private const int CachedColumns = 512;

    private readonly int _rows, _columns, _depth, _depthRun, _depthRuns;
    private readonly bool _isTransposed;
    private readonly int _blocks, _blockColumns;
    private readonly int _workers;
    private Job? _spareJob;

    internal StreamedProduct(in MatMulShape shape, int threadCount)
    {
        if (!Fits(shape))
            throw new ArgumentException($"Expected at most {MostRows} rows and a large matrix; got {shape}.", nameof(shape));
        (_rows, _columns, _depth, _isTransposed) = ((int)shape.M, checked((int)shape.N), checked((int)shape.K), shape.TransposeB);
        _depthRuns = DivideUp(_depth, MaximumDepthRun);
        _depthRun = DivideUp(_depth, _depthRuns);
        int parts = _isTransposed ? 1 : _depthRuns, unit = _isTransposed ? LanewiseSums.Columns : 64;
        int wanted = Math.Clamp(DivideUp(UnitsPerThread * threadCount, parts), 1, DivideUp(_columns, unit));
        _blockColumns = DivideUp(DivideUp(_columns, wanted), unit) * unit;
        _blocks = DivideUp(_columns, _blockColumns);
        _workers = Math.Min(threadCount, parts * _blocks);
        ScratchBytes = sizeof(float) * (_isTransposed ? 0 : (long)_depthRuns * _rows * _columns);
    }

    /// <summary>Bytes of scratch memory that a run needs.</summary>
    internal long ScratchBytes { get; }

    /// <summary>Whether a product is of this kind. What its sums' order is depends on it, so the machine has no say.</summary>
    internal static bool Fits(in MatMulShape shape) =>
        shape is { Batch: 1, TransposeA: false, M: >= 1 and <= MostRows, N: < int.MaxValue, K: <= MostDepth } && shape.N * shape.K >= LeastElements;

    /// <summary>Computes the product; scratch must be aligned to 64 bytes.</summary>
    internal void Run(float* left, float* right, float* output, byte* scratch, TileEpilogue? epilogue, WorkerPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        if (left is null || right is null || output is null || (ScratchBytes > 0 && (scratch is null || ((nuint)scratch & 63) != 0)))
            throw new ArgumentException("Expected pointers to the operands and the output, and scratch memory aligned to 64 bytes.");
        Job job = Interlocked.Exchange(ref _spareJob, null) ?? new Job(this);
        job.Start(left, right, output, (float*)scratch, epilogue);
        try
        {
            pool.Run(job, Math.Min(_workers, pool.ThreadCount));
        }
        finally
        {
            job.Finish();
            Volatile.Write(ref _spareJob, job);
        }
    }

    private static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;

    /// <summary>One run: the operands, and the counters from which threads claim work.</summary>
    private sealed class Job(StreamedProduct product) : ParallelJob
    {
        private readonly int[] _runsDone = new int[product._blocks];
        private float* _left, _right, _output, _scratch;
        private TileEpilogue? _epilogue;
        private int _nextUnit;

        internal void Start(float* left, float* right, float* output, float* scratch, TileEpilogue? epilogue)
        {
            _left = left;
            _right = right;
            _output = output;
            _scratch = scratch;
            _epilogue = epilogue;
            _nextUnit = 0;
            Array.Clear(_runsDone);
        }

        internal void Finish() => _epilogue = null;

        internal override void Execute(int part)
        {
            switch (InstructionSets.Best)
            {
                case InstructionSet.Vector512: Execute<V512, Tiles512>(part); break;
                case InstructionSet.Vector256: Execute<V256, Tiles256>(part); break;
                default: Execute<V128, Tiles128>(part); break;
            }
        }

        private void Execute<TVec, TSet>(int worker)
            where TVec : unmanaged, ISimd<TVec>
            where TSet : struct, ITileSet
        {
            int units = product._isTransposed ? product._blocks : product._blocks * product._depthRuns;
            for (int unit; (unit = Interlocked.Increment(ref _nextUnit) - 1) < units;)
            {
                int block = product._isTransposed ? unit : unit % product._blocks;
                int column = block * product._blockColumns, columns = Math.Min(product._blockColumns, product._columns - column);
                if (product._isTransposed)
                    MultiplyTransposed<TVec>(column, columns);
                else if (!MultiplyRun<TVec, TSet>(unit / product._blocks, block, column, columns))
                    continue;
                _epilogue?.Apply(worker, 0, product._rows, column, columns);
            }
        }

        /// <summary>Sums a run of the depth; whoever finishes the last one adds them up and returns true.</summary>
        private bool MultiplyRun<TVec, TSet>(int run, int block, int column, int columns)
            where TVec : unmanaged, ISimd<TVec>
            where TSet : struct, ITileSet
        {
            long width = product._columns, slice = product._rows * width;
            float* sums = _scratch + (run * slice) + column;
            for (int row = 0; row < product._rows; row++)
                Packing.Clear(sums + (row * width), columns);
            int depth = run * product._depthRun, end = Math.Min(product._depth, depth + product._depthRun);
            for (; depth < end; depth += DepthwiseSums.Depths)
            {
                int depths = Math.Min(DepthwiseSums.Depths, end - depth);
                for (int i = 0; i < columns; i += CachedColumns)
                {
                    int count = Math.Min(CachedColumns, columns - i);
                    float* right = _right + (depth * width) + column + i;
                    for (int row = 0; row < product._rows; row++)
                        DepthwiseSums.Add<TVec>(right, width, depths, _left + ((long)row * product._depth) + depth, sums + (row * width) + i, count);
                }
            }

            if (Interlocked.Increment(ref _runsDone[block]) < product._depthRuns)
                return false;
            for (int row = 0; row < product._rows; row++)
                TSet.Fold(_scratch + (row * width) + column, slice, product._depthRuns, _output + (row * width) + column, columns);
            return true;
        }

        /// <summary>Each column is a contiguous row of the matrix: four of them side by side, each with every row of the left operand.</summary>
        private void MultiplyTransposed<TVec>(int column, int columns)
            where TVec : unmanaged, ISimd<TVec>
        {
            long depth = product._depth;
            for (int end = column + columns; column < end; column += LanewiseSums.Columns)
            {
                int count = Math.Min(LanewiseSums.Columns, end - column);
                for (int row = 0; row < product._rows; row++)
                {
                    float* left = _left + (row * depth), right = _right + (column * depth), target = _output + ((long)row * product._columns) + column;
                    if (count == LanewiseSums.Columns)
                        LanewiseSums.OfFour<TVec>(left, right, product._depth, target);
                    else
                        LanewiseSums.OfEach<TVec>(left, right, product._depth, count, target);
                }
            }
        }
    }
}
