using Tiles128 = Anneal.Cpu.Tiles16<Anneal.Cpu.Lanes128, System.Runtime.Intrinsics.Vector128<float>, Anneal.Cpu.V128>;
using Tiles256 = Anneal.Cpu.Tiles16<Anneal.Cpu.Lanes256, System.Runtime.Intrinsics.Vector256<float>, Anneal.Cpu.V256>;

namespace Anneal.Cpu;

/// <summary>
/// The common driver of matrix products and convolutions: cuts the output into blocks, packs panels of the operands, runs register tiles
/// over them and calls the epilogue on each block. Subclasses say how to pack. Immutable, so several threads may run it at once.
/// </summary>
/// <remarks>
/// The order of every sum depends on shapes only. The depth is cut into runs of equal length; a run is accumulated from zero, and runs are
/// added in their order. Where the output is small and the depth is long, ranges of runs become slices with results of their own, which
/// are added in their order. Neither tile sizes nor threads take part in these decisions, nor how many runs make a block, which is what
/// is packed at a time.
/// </remarks>
internal abstract unsafe partial class TiledProduct
{
    /// <summary>The longest block: so much of the left operand's rows stays in the second-level cache for all panels of the right.</summary>
    private const int MaximumDepthBlock = 320;

    /// <summary>
    /// The longest run that is summed from zero in registers: short runs meet fewer roundings, and a panel of the right operand stays in the
    /// first-level cache for all rows.
    /// </summary>
    private const int MaximumDepthRun = 128;
    private const int SliceTargetTiles = 128;
    private const int MinimumSliceDepth = 960;
    private const int MaximumSlices = 32;

    // Outputs of more tiles are cut into blocks instead. Up to here a few slices are better: each packs its part of both operands once, and reads
    // them as they lie.
    private const int MostSlicedTiles = 1024;
    private const int LargeSliceDepth = 768;
    private const int LargeSlices = 4;
    private const int FullRowColumns = 1024;
    private const int EpilogueColumns = 512;
    private const long BlockBytes = 256 * 1024;
    private const double WorkPerThread = 100_000;

    // A packed operand that leaves the second-level cache before it is read again is better packed once more, for few readers.
    private const int FewRowBlocks = 4;
    private const long LargestShared = 1 << 20;

    // Packed over a block of the depth, as many rows stay in the second-level cache.
    private const int MostRepackedRows = 512;

    // Few enough to stay in the first-level cache on their way to the tiles.
    private const int StagedDepths = 16;

    private const int FloatsPerLine = 16;

    private readonly ProductShape _shape;
    private readonly InstructionSet _set = InstructionSets.Best;
    private readonly int _tileRows;
    private readonly PanelSplit _split;
    private readonly int _panels;
    private readonly int _depthRun;
    private readonly int _depthRuns;
    private readonly int _depthBlock;
    private readonly int _depthBlocks;
    private readonly int _slices;
    private readonly long _tiles;
    private readonly long _rowBlocks;
    private readonly int _columnBlocks;
    private readonly int _blockRows;
    private readonly int _blockPanels;
    private readonly int _workers;
    private readonly long _sharedRightFloats;
    private readonly long _sliceFloats;
    private readonly long _leftPanelFloats;
    private readonly long _rightPanelFloats;
    private readonly long _workerFloats;
    private ProductJob? _spareJob;

    protected TiledProduct(in ProductShape shape, int threadCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threadCount, 1);
        if (shape.Batch < 0 || shape.Rows < 0 || shape.Groups < 1 || shape.Columns < 0 || shape.Depth < 0)
            throw new ArgumentException($"Sizes must not be negative, and groups at least one; got {shape}.", nameof(shape));
        _shape = shape;
        (_tileRows, _split) = _set switch
        {
            InstructionSet.Vector512 => (Tiles512.Rows, PanelSplit.Of<Tiles512>(shape.Columns)),
            InstructionSet.Vector256 => (Tiles256.Rows, PanelSplit.Of<Tiles256>(shape.Columns)),
            _ => (Tiles128.Rows, PanelSplit.Of<Tiles128>(shape.Columns)),
        };
        _panels = _split.Count;
        _depthRuns = (int)Math.Max(1, DivideUp(shape.Depth, MaximumDepthRun));
        _depthRun = (int)Math.Max(1, DivideUp(shape.Depth, _depthRuns));
        _slices = CountSlices(shape);
        int sliceRuns = (int)DivideUp(_depthRuns, _slices);
        int blockRuns = (int)DivideUp(sliceRuns, DivideUp(sliceRuns, Math.Max(1, MaximumDepthBlock / _depthRun)));
        _depthBlock = blockRuns * _depthRun;
        _depthBlocks = (int)DivideUp(_depthRuns, blockRuns);
        _tiles = DivideUp(shape.Rows, _tileRows);
        (_rowBlocks, _columnBlocks) = CutOutput(threadCount);
        _blockRows = (int)(DivideUp(_tiles, Math.Max(1, _rowBlocks)) * _tileRows);
        _blockPanels = (int)DivideUp(_panels, _columnBlocks);
        double work = 2.0 * shape.Batch * shape.Rows * shape.TotalColumns * (shape.Depth + 8);
        _workers = (int)Math.Clamp(Math.Min(Units, work / WorkPerThread), 1, threadCount);

        _sharedRightFloats = SharesRight ? shape.Groups * _split.Columns * shape.Depth : 0;
        _sliceFloats = _slices > 1 ? _slices * shape.Rows * shape.TotalColumns : 0;
        _leftPanelFloats = RoundToLine(
            shape.DepthMajorLeft ? (long)_blockRows * (_depthBlock + StagedDepths) + _tileRows : (long)_blockRows * RowMajorLeft.Stride);
        _rightPanelFloats = SharesRight ? 0 : RoundToLine((long)_depthBlock * _split.Widest);
        long aside = shape.ScatteredOutput ? RoundToLine(_blockRows * shape.TotalColumns) : 0;
        // An odd number of lines between workers keeps equal offsets of their panels out of the same cache sets.
        _workerFloats = _leftPanelFloats + _rightPanelFloats + aside + 16;
    }

    /// <summary>Bytes of scratch memory that a run needs: depends on the shape and the thread count given to the constructor.</summary>
    internal long ScratchBytes =>
        sizeof(float) * (RoundToLine(_sharedRightFloats) + RoundToLine(_sliceFloats) + (_workers * _workerFloats));

    /// <summary>The bytes of the right operand as <see cref="FillPanels"/> arranges it; 0 where each batch has its own.</summary>
    internal long PanelBytes => _shape.RightPerBatch ? 0 : sizeof(float) * _shape.Groups * _split.Columns * _shape.Depth;

    private protected ProductShape Shape => _shape;

    private bool SharesRight => !_shape.RightPerBatch && _rowBlocks > 1 && _slices == 1 && !(_rowBlocks <= FewRowBlocks && PanelBytes > LargestShared);

    private long Units => _shape.Batch * _slices * _rowBlocks * _columnBlocks;

    /// <summary>
    /// Computes the product. Scratch must be aligned to 64 bytes and hold <see cref="ScratchBytes"/>; the output is overwritten.
    /// </summary>
    private protected void RunProduct(
        float* left, float* right, float* output, byte* scratch, TileEpilogue? epilogue, WorkerPool pool, float* panels = null)
    {
        ArgumentNullException.ThrowIfNull(pool);
        if (_shape.Batch == 0 || _shape.Rows == 0 || _shape.Columns == 0)
            return;
        if (output is null || (_shape.Depth > 0 && (left is null || (right is null && panels is null))))
            throw new ArgumentException("Expected pointers to the operands and the output; got null.");
        if (ScratchBytes > 0 && (scratch is null || ((nuint)scratch & 63) != 0))
            throw new ArgumentException("Expected scratch memory aligned to 64 bytes.", nameof(scratch));

        ProductJob job = Interlocked.Exchange(ref _spareJob, null) ?? new ProductJob(this, _slices > 1 ? _rowBlocks * _columnBlocks : 0);
        job.Start(left, right, panels, output, scratch, epilogue);
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

    /// <summary>Arranges the right operand once for many runs, which then need not. The results are the same.</summary>
    private protected void FillPanels(float* right, float* panels)
    {
        for (int group = 0; group < _shape.Groups; group++)
        {
            for (int panel = 0; panel < _panels; panel++)
            {
                for (int block = 0; block < _depthBlocks && _shape.Depth > 0; block++)
                    PackSharedPanel(right, panels, group, panel, block);
            }
        }
    }

    /// <summary>
    /// Packs rows of the left operand over a range of the depth: row-major rows <see cref="RowMajorLeft.Stride"/> apart, or
    /// depth-major depths <paramref name="stride"/> apart.
    /// </summary>
    private protected abstract void PackLeft(
        float* left, long batch, int group, long row, int rowCount, long depth, int depthCount, float* panel, int stride);

    /// <summary>Where rows of the left operand can be read without packing: from one row to the next, or 0 where they must be packed.</summary>
    private protected virtual long DirectLeftStride => 0;

    /// <summary>A row of the left operand from a depth on, where <see cref="DirectLeftStride"/> is not 0.</summary>
    private protected virtual float* DirectLeft(float* left, long batch, long row, long depth) =>
        throw new NotSupportedException();

    /// <summary>Where a depth-major left operand can be packed straight from its place: from one depth to the next, or 0.</summary>
    private protected virtual long DirectDepthStride => 0;

    /// <summary>A depth of the left operand from a row on, where <see cref="DirectDepthStride"/> is not 0.</summary>
    private protected virtual float* DirectDepths(float* left, long batch, long row, long depth) =>
        throw new NotSupportedException();

    /// <summary>Packs up to a tile's columns of the right operand: <paramref name="width"/> floats for each depth, zero beyond the columns.</summary>
    private protected abstract void PackRight(
        float* right, long batch, int group, long depth, int depthCount, int column, int columnCount, int width, float* panel);

    /// <summary>From one depth to the next where the right operand is one matrix whose rows are depths, or 0.</summary>
    private protected virtual long RightRowStride => 0;

    /// <summary>Where full panels can be read without packing: from one depth to the next, or 0 where they must be packed.</summary>
    private protected virtual long DirectRightStride => 0;

    /// <summary>The first element of a panel, where <see cref="DirectRightStride"/> is not 0.</summary>
    private protected virtual float* DirectRight(float* right, long batch, int group, long depth, int column) =>
        throw new NotSupportedException();

    /// <summary>Where the operands of some rows of a batch lie, each contiguous; nothing where they do not.</summary>
    private protected virtual OperandRanges OperandsOf(float* left, float* right, long batch, long row, long rowCount) => default;

    /// <summary>Takes a block that was computed aside; see <see cref="ProductShape.ScatteredOutput"/>.</summary>
    private protected virtual void StoreRows(float* output, long batch, long row, int rowCount, float* block) =>
        throw new NotSupportedException();

    private protected static long DivideUp(long value, long divisor) => (value + divisor - 1) / divisor;

    private static long RoundToLine(long floats) => (floats + 15) & ~15L;

    private static int CountSlices(in ProductShape shape)
    {
        if (shape.Batch != 1 || shape.ScatteredOutput)
            return 1;
        // Tiles of one fixed size, whatever this machine's are.
        long tiles = Math.Max(1, DivideUp(shape.Rows, 14) * DivideUp(shape.Columns, 32) * shape.Groups);
        long wanted = SliceTargetTiles / tiles;
        if (wanted > 1)
            return (int)Math.Clamp(Math.Min(wanted, shape.Depth / MinimumSliceDepth), 1, MaximumSlices);

        // An even number, because two threads would wait for the third of three.
        return tiles > MostSlicedTiles ? 1 : (int)Math.Clamp((shape.Depth / LargeSliceDepth) & ~1, 1, LargeSlices);
    }

    /// <summary>How many blocks of rows and of columns become units of work.</summary>
    private (long RowBlocks, int ColumnBlocks) CutOutput(int threadCount)
    {
        long largest = _slices > 1 ? 336 : 144;
        if (_shape.RightPerBatch)
            largest = Math.Clamp(BlockBytes / sizeof(float) / Math.Max(1, _depthBlock), largest, 336); // each block packs the right operand anew
        if (_slices == 1 && _shape.TotalColumns <= FullRowColumns)
            largest = Math.Min(largest, BlockBytes / sizeof(float) / Math.Max(1, _shape.TotalColumns));
        long tilesPerBlock = Math.Max(2, largest / _tileRows);
        long rowBlocks = Math.Max(1, DivideUp(_tiles, tilesPerBlock));
        long others = Math.Max(1, _shape.Batch) * _slices;
        bool cutsColumns = _shape.Groups == 1 && _slices == 1 && !_shape.ScatteredOutput;

        // Each block of rows would pack a large right operand anew; each block of columns packs a part of it, and the few rows again.
        bool packsAnew = rowBlocks is > 1 and <= FewRowBlocks && PanelBytes > LargestShared;
        if (cutsColumns && others == 1 && packsAnew && _shape.Rows <= MostRepackedRows && (threadCount == 1 || _panels >= 4 * threadCount))
            return (1, threadCount == 1 ? 1 : 2 * threadCount);
        if (others * rowBlocks >= 4 * threadCount || threadCount == 1)
            return (rowBlocks, 1);

        // Few blocks: with several for each thread, and a multiple of the threads, none of them waits long for the last block of another.
        if (others < threadCount && rowBlocks > 1)
            return (Math.Max(Math.Min(DivideUp(rowBlocks, threadCount) * threadCount, _tiles), Math.Min(4 * threadCount, _tiles / 4)), 1);
        if (rowBlocks > 1 || others >= threadCount)
            return (rowBlocks, 1);
        if (cutsColumns && _panels >= threadCount)
            return (1, (int)Math.Min(_panels, 2 * threadCount));
        return (Math.Clamp(DivideUp(threadCount, others), 1, Math.Max(1, _tiles / 2)), 1);
    }
}
