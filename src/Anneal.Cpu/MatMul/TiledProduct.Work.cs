using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tiles128 = Anneal.Cpu.Tiles16<Anneal.Cpu.Lanes128, System.Runtime.Intrinsics.Vector128<float>, Anneal.Cpu.V128>;
using Tiles256 = Anneal.Cpu.Tiles16<Anneal.Cpu.Lanes256, System.Runtime.Intrinsics.Vector256<float>, Anneal.Cpu.V256>;

namespace Anneal.Cpu;

/// <content>What the threads of a run do.</content>
internal abstract unsafe partial class TiledProduct
{
    /// <summary>One thread's share: claims packs, then units, until none are left.</summary>
    internal void Work(ProductJob job, int worker)
    {
        switch (_set, _shape.DepthMajorLeft)
        {
            case (InstructionSet.Vector512, false):
                Work<Tiles512, RowMajorLeft>(job, worker);
                break;
            case (InstructionSet.Vector512, true):
                Work<Tiles512, DepthMajorLeft>(job, worker);
                break;
            case (InstructionSet.Vector256, false):
                Work<Tiles256, RowMajorLeft>(job, worker);
                break;
            case (InstructionSet.Vector256, true):
                Work<Tiles256, DepthMajorLeft>(job, worker);
                break;
            case (_, false):
                Work<Tiles128, RowMajorLeft>(job, worker);
                break;
            default:
                Work<Tiles128, DepthMajorLeft>(job, worker);
                break;
        }
    }

    private void Work<TSet, TLayout>(ProductJob job, int worker)
        where TSet : struct, ITileSet
        where TLayout : struct, ILeftLayout
    {
        if (SharesRight && job.Panels is null)
            PackSharedRight(job);
        long units = Units;
        for (long unit = job.ClaimUnit(); unit < units; unit = job.ClaimUnit())
            ComputeUnit<TSet, TLayout>(job, worker, unit);
    }

    private void PackSharedRight(ProductJob job)
    {
        int packs = checked(_shape.Groups * _panels * _depthBlocks);
        float* shared = (float*)job.Scratch;
        for (int pack = job.ClaimPack(); pack < packs; pack = job.ClaimPack())
        {
            int block = pack % _depthBlocks;
            int panel = pack / _depthBlocks % _panels;
            int group = pack / _depthBlocks / _panels;
            PackSharedPanel(job.Right, shared, group, panel, block);
            job.FinishPack();
        }

        job.WaitForPacks(packs);
    }

    private void PackSharedPanel(float* right, float* shared, int group, int panel, int block)
    {
        long depth = (long)block * _depthBlock;
        int depthCount = (int)Math.Min(_depthBlock, _shape.Depth - depth);
        if (depthCount <= 0)
            return;
        int column = _split.StartOf(panel), width = _split.WidthOf(panel);
        PackRight(
            right, 0, group, depth, depthCount, column, Math.Min(width, _shape.Columns - column), width, SharedPanel(shared, group, panel, depth));
    }

    private float* SharedPanel(float* shared, int group, int panel, long depth) =>
        shared + (((group * _split.Columns) + _split.StartOf(panel)) * _shape.Depth) + (depth * _split.WidthOf(panel));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeUnit<TSet, TLayout>(ProductJob job, int worker, long unit)
        where TSet : struct, ITileSet
        where TLayout : struct, ILeftLayout
    {
        Block block = Locate(job, worker, unit);
        if (_shape.RightPerBatch && _depthBlocks == 1 && unit + _workers < Units)
            block.Following = OperandsOfUnit(job, unit + _workers);
        long firstDepth = (long)block.Slice * _depthRuns / _slices * _depthRun;
        long endDepth = Math.Min((long)(block.Slice + 1) * _depthRuns / _slices * _depthRun, _shape.Depth);
        bool byColumns = _slices == 1 && _shape.Groups == 1 && !_shape.ScatteredOutput
            && block.EndPanel - block.FirstPanel > FullRowColumns / _split.Widest;
        int step = byColumns ? EpilogueColumns / _split.Widest : block.EndPanel - block.FirstPanel;
        for (int group = 0; group < _shape.Groups; group++)
        {
            // Once also where the depth is 0, for the output.
            for (long depth = firstDepth; depth < Math.Max(endDepth, firstDepth + 1); depth += _depthBlock)
            {
                block.Depth = depth;
                block.DepthCount = (int)Math.Min(_depthBlock, endDepth - depth);
                block.Accumulate = depth > firstDepth;
                if (block.DepthCount > 0)
                {
                    if (_shape.DepthMajorLeft)
                        PackLeftTiles<TSet>(job, block, group);
                    else
                        PlaceLeftRows(job, ref block, group);
                }

                for (int panel = block.FirstPanel; panel < block.EndPanel; panel += step)
                {
                    int end = Math.Min(panel + step, block.EndPanel);
                    MultiplyPanels<TSet, TLayout>(job, block, group, panel, end);
                    if (byColumns && depth + _depthBlock >= endDepth)
                        ApplyEpilogue(job, worker, block, panel, end);
                }
            }
        }

        if (_slices > 1 && !FoldSlices<TSet>(job, unit, block))
            return;
        if (_shape.ScatteredOutput)
            StoreRows(job.Output, block.Batch, block.Row, block.RowCount, block.Output);
        else if (!byColumns)
            ApplyEpilogue(job, worker, block, block.FirstPanel, block.EndPanel);
    }

    private OperandRanges OperandsOfUnit(ProductJob job, long unit)
    {
        long rowBlock = unit / _columnBlocks % _rowBlocks, first = rowBlock * _tiles / _rowBlocks * _tileRows;
        long end = Math.Min((rowBlock + 1) * _tiles / _rowBlocks * _tileRows, _shape.Rows);
        return OperandsOf(job.Left, job.Right, unit / _columnBlocks / _rowBlocks, first, end - first);
    }

    private Block Locate(ProductJob job, int worker, long unit)
    {
        long rowBlock = unit / _columnBlocks % _rowBlocks;
        int columnBlock = (int)(unit % _columnBlocks);
        long slicedBatch = unit / _columnBlocks / _rowBlocks;
        long firstTile = rowBlock * _tiles / _rowBlocks;
        long endTile = (rowBlock + 1) * _tiles / _rowBlocks;
        float* shared = (float*)job.Scratch;
        float* slices = shared + RoundToLine(_sharedRightFloats);
        float* own = slices + RoundToLine(_sliceFloats) + (worker * _workerFloats);

        // Of two threads, each gets as many large blocks as the other.
        Block block = new()
        {
            Batch = slicedBatch / _slices,
            Slice = (int)(slicedBatch % _slices),
            Row = firstTile * _tileRows,
            FirstPanel = (int)DivideUp((long)columnBlock * _panels, _columnBlocks),
            EndPanel = (int)DivideUp((long)(columnBlock + 1) * _panels, _columnBlocks),
            LeftPanel = own,
            RightPanel = own + _leftPanelFloats,
        };
        block.RowCount = (int)(Math.Min(_shape.Rows, endTile * _tileRows) - block.Row);
        Debug.Assert(block.RowCount > 0 && block.RowCount <= _blockRows && block.EndPanel - block.FirstPanel <= _blockPanels);
        if (_slices > 1)
            block.Output = slices + (((block.Slice * _shape.Rows) + block.Row) * _shape.TotalColumns);
        else if (_shape.ScatteredOutput)
            block.Output = block.RightPanel + _rightPanelFloats;
        else
            block.Output = job.Output + (((block.Batch * _shape.Rows) + block.Row) * _shape.TotalColumns);
        return block;
    }

    /// <summary>Rows are read where they lie, or from a copy; those of a last, smaller tile always, because a tile reads all of its rows.</summary>
    private void PlaceLeftRows(ProductJob job, ref Block block, int group)
    {
        int last = block.RowCount / _tileRows * _tileRows, packed = 0;
        block.LeftRowStep = RowMajorLeft.Stride;
        block.LastTile = block.LeftPanel + (last * RowMajorLeft.Stride);
        block.Left = block.LeftPanel;
        if (DirectLeftStride != 0)
        {
            block.LeftRowStep = DirectLeftStride;
            block.Left = DirectLeft(job.Left, block.Batch, block.Row, block.Depth);
            packed = last;
        }

        if (packed == block.RowCount)
            return;
        float* panel = block.LeftPanel + (packed * RowMajorLeft.Stride);
        PackLeft(
            job.Left, block.Batch, group, block.Row + packed, block.RowCount - packed, block.Depth, block.DepthCount, panel, RowMajorLeft.Stride);

        // The rows that fill up the last tile: stale scratch could hold denormal numbers, which are slow.
        int rows = (int)(DivideUp(block.RowCount, _tileRows) * _tileRows);
        for (int row = block.RowCount; row < rows; row++)
            Packing.Clear(block.LeftPanel + ((long)row * RowMajorLeft.Stride), block.DepthCount);
    }

    /// <summary>
    /// Packs an operand of which all rows of a depth are contiguous: a few depths at a time, for all tiles, each of which gets its rows of one
    /// depth after another, so that it reads straight on. Depths that fall into the same sets of the cache, and rows that do not fill a tile, are
    /// copied before.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackLeftTiles<TSet>(ProductJob job, in Block block, int group)
        where TSet : struct, ITileSet
    {
        float* staged = block.LeftPanel + ((long)_blockRows * _depthBlock);
        int rows = (int)(DivideUp(block.RowCount, TSet.Rows) * TSet.Rows);
        bool isDirect = DirectDepthStride != 0 && rows == block.RowCount;
        for (int done = 0; done < block.DepthCount; done += StagedDepths)
        {
            int count = Math.Min(StagedDepths, block.DepthCount - done);
            if (isDirect)
            {
                float* source = DirectDepths(job.Left, block.Batch, block.Row, block.Depth + done);
                for (int row = 0; row < rows; row += TSet.Rows)
                    TSet.CopyRows(source + row, DirectDepthStride, count, block.LeftPanel + ((long)row * _depthBlock) + (done * TSet.Rows));
                continue;
            }

            PackLeft(job.Left, block.Batch, group, block.Row, block.RowCount, block.Depth + done, count, staged, _blockRows);
            for (int k = 0; k < count && rows > block.RowCount; k++)
                Packing.Clear(staged + ((long)k * _blockRows) + block.RowCount, rows - block.RowCount);
            for (int row = 0; row < rows; row += TSet.Rows)
                TSet.CopyRows(staged + row, _blockRows, count, block.LeftPanel + ((long)row * _depthBlock) + (done * TSet.Rows));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyPanels<TSet, TLayout>(ProductJob job, in Block block, int group, int firstPanel, int endPanel)
        where TSet : struct, ITileSet
        where TLayout : struct, ILeftLayout
    {
        TileArguments tile = new()
        {
            LeftDepthStep = TSet.Rows,
            OutputStep = _shape.TotalColumns,
        };
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            int column = _split.StartOf(panel), width = _split.WidthOf(panel);
            int columnCount = Math.Min(width, _shape.Columns - column);
            float* output = block.Output + ((long)group * _shape.Columns) + column;
            tile.RightStep = width;
            Ahead ahead = default;
            long tiles = DivideUp(block.RowCount, TSet.Rows) * DivideUp(block.DepthCount, _depthRun);
            if (job.Panels is not null || SharesRight)
            {
                tile.Right = SharedPanel(job.Panels is not null ? job.Panels : (float*)job.Scratch, group, panel, block.Depth);
                ahead.Start = tile.Right + (_shape.Depth * width);
                ahead.Share = DivideUp((long)width * block.DepthCount, Math.Max(1, tiles));
            }
            else if (columnCount == width && DirectRightStride != 0)
            {
                tile.Right = DirectRight(job.Right, block.Batch, group, block.Depth, column);
                tile.RightStep = DirectRightStride;
            }
            else
            {
                tile.Right = block.RightPanel;
                if (block.DepthCount > 0)
                {
                    PackRight(
                        job.Right, block.Batch, group, block.Depth, block.DepthCount, column, columnCount, width, block.RightPanel);
                }

                if (block.Following.Length > 0)
                {
                    ahead.Operands = block.Following;
                    ahead.Share = DivideUp(block.Following.Length, tiles * (block.EndPanel - block.FirstPanel));
                    ahead.Done = (panel - block.FirstPanel) * tiles * ahead.Share;
                }

                bool isLast = panel + 1 == block.EndPanel;
                ahead.Stride = RightRowStride;
                ahead.Lines = (width / FloatsPerLine) + 1;
                if (ahead.Stride != 0)
                    ahead.Start = job.Right + ((block.Depth + (isLast ? _depthBlock : 0)) * ahead.Stride) + _split.StartOf(isLast ? block.FirstPanel : panel + 1);
            }

            MultiplyRuns<TSet, TLayout>(block, tile, output, columnCount, ahead);
        }
    }

    /// <summary>
    /// A panel's columns over a block of the depth, a run at a time, so that the right panel's part stays in the first-level cache for all rows.
    /// Each run is summed from zero and added to the output: short runs meet fewer roundings.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyRuns<TSet, TLayout>(
        in Block block, TileArguments tile, float* output, int columnCount, in Ahead ahead)
        where TSet : struct, ITileSet
        where TLayout : struct, ILeftLayout
    {
        float* right = tile.Right;
        int done = 0, index = 0;
        do
        {
            tile.Accumulate = block.Accumulate || done > 0;
            tile.Depth = Math.Min(_depthRun, block.DepthCount - done);
            tile.Right = right + (done * tile.RightStep);
            int row = 0;
            while (row < block.RowCount)
            {
                int rows = Math.Min(TSet.Rows, block.RowCount - row);
                bool isLargest = rows == TSet.Rows && columnCount == TSet.PanelVectors * TSet.VectorColumns;
                int count = ahead.Place(index, isLargest ? (block.RowCount - row) / TSet.Rows : 1, block.DepthCount, ref tile);
                PlaceLeft<TSet, TLayout>(block, row, done, ref tile);
                tile.Output = output + (row * _shape.TotalColumns);
                tile.Count = count;
                TSet.Multiply<TLayout>(rows, columnCount, tile);
                row += count * TSet.Rows;
                index += count;
            }

            done += _depthRun;
        }
        while (done < block.DepthCount);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PlaceLeft<TSet, TLayout>(in Block block, int row, int depth, ref TileArguments tile)
        where TSet : struct, ITileSet
        where TLayout : struct, ILeftLayout
    {
        if (TLayout.IsDepthMajor)
        {
            tile.Left = block.LeftPanel + ((long)row * _depthBlock) + (depth * TSet.Rows);
            tile.LeftTileStep = TSet.Rows * _depthBlock;
            return;
        }

        bool isWhole = row <= block.RowCount - TSet.Rows;
        tile.LeftRowStep = isWhole ? block.LeftRowStep : RowMajorLeft.Stride;
        tile.LeftTileStep = TSet.Rows * tile.LeftRowStep;
        tile.Left = (isWhole ? block.Left + (row * block.LeftRowStep) : block.LastTile) + depth;
    }

    /// <summary>Returns false while other slices of this block are still being computed; whoever finishes the last one adds them up.</summary>
    private bool FoldSlices<TSet>(ProductJob job, long unit, in Block block)
        where TSet : struct, ITileSet
    {
        Debug.Assert(_columnBlocks == 1 && _shape.Batch == 1);
        if (!job.FinishSlice(unit % _rowBlocks, _slices))
            return false;
        long columns = _shape.TotalColumns;
        float* firstSlice = block.Output - (block.Slice * _shape.Rows * columns);
        TSet.Fold(firstSlice, _shape.Rows * columns, _slices, job.Output + (block.Row * columns), block.RowCount * columns);
        return true;
    }

    private void ApplyEpilogue(ProductJob job, int worker, in Block block, int firstPanel, int endPanel)
    {
        if (job.Epilogue is not { } epilogue)
            return;
        bool all = _columnBlocks == 1 && firstPanel == 0 && endPanel == _panels;
        long column = all ? 0 : _split.StartOf(firstPanel);
        long end = all ? _shape.TotalColumns : Math.Min(_split.StartOf(endPanel), _shape.Columns);
        epilogue.Apply(worker, (block.Batch * _shape.Rows) + block.Row, block.RowCount, column, end - column);
    }

    /// <summary>
    /// What the tiles of a panel bring into the second-level cache, a line with every second depth, so that the next panel is there when its turn
    /// comes: a share of a packed panel, or a column of lines of an operand that has yet to be packed, which lie too far apart for the
    /// processor to guess. Of many small products, each brings what the next one reads.
    /// </summary>
    private struct Ahead
    {
        internal float* Start;

        /// <summary>Of a packed panel, or of the operands of another unit: what one tile takes.</summary>
        internal long Share;

        /// <summary>The operands of another unit, and how much of them earlier panels have taken.</summary>
        internal OperandRanges Operands;
        internal long Done;

        /// <summary>Of rows that are not packed: from one to the next, otherwise 0, and how many lines a panel covers at most.</summary>
        internal long Stride;
        internal int Lines;

        /// <summary>Says what the tiles from one on bring near, and of how many that lie below each other this is true: at most of as many as given.</summary>
        internal readonly int Place(int index, int tiles, int depthCount, ref TileArguments tile)
        {
            tile.Next = tile.Right;
            tile.NextStep = 0;
            tile.NextTileStep = 0;
            if (Operands.Length != 0)
            {
                long position = Done + (index * Share);
                tile.Next = Operands.At(position);
                tile.NextStep = FloatsPerLine;
                tile.NextTileStep = Share;
                return (int)Math.Clamp(Operands.LengthFrom(position) / Share, 1, tiles);
            }

            if (Share != 0)
            {
                tile.Next = Start + (index * Share);
                tile.NextStep = FloatsPerLine;
                tile.NextTileStep = Share;
            }
            else if (Stride != 0)
            {
                // A column of lines after the other.
                int depths = (int)Math.Max(1, tile.Depth / 2), tilesPerLine = Math.Max(1, (int)DivideUp(depthCount, depths)), line = index / tilesPerLine;
                if (line >= Lines)
                    return tiles;
                int part = index - (line * tilesPerLine);
                tile.Next = Start + (part * depths * Stride) + (line * FloatsPerLine);
                tile.NextStep = Stride;
                tile.NextTileStep = depths * Stride;
                return Math.Min(tiles, tilesPerLine - part);
            }

            return tiles;
        }
    }

    /// <summary>The block of the output that one unit computes, and the part of the depth it is at.</summary>
    private struct Block
    {
        internal long Batch;
        internal int Slice;
        internal long Row;
        internal int RowCount;
        internal int FirstPanel;
        internal int EndPanel;

        /// <summary>Room for a copy of the left operand's rows.</summary>
        internal float* LeftPanel;

        /// <summary>Where whole tiles read their rows, if those are row-major, and how far apart.</summary>
        internal float* Left;
        internal long LeftRowStep;

        /// <summary>Where the last tile reads its rows if the block does not fill it.</summary>
        internal float* LastTile;
        internal float* RightPanel;
        internal float* Output;

        /// <summary>What this thread probably computes next.</summary>
        internal OperandRanges Following;
        internal long Depth;
        internal int DepthCount;
        internal bool Accumulate;
    }
}
