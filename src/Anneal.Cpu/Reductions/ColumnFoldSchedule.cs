namespace Anneal.Cpu;

/// <summary>Folds dimensions outside of others: every inner point is a column with an accumulator of its own.</summary>
internal sealed unsafe class ColumnFoldSchedule : FoldSchedule
{
    // Part of the definition of a fold: another number would give other bits.
    private const int ChunkRows = 128;
    private const int LargestBlock = 1024;

    private readonly int _innerStart;
    private readonly int _innerDims;
    private readonly long _blockColumns;
    private readonly long _tileRows;

    internal ColumnFoldSchedule(FoldParts parts, LoopCompilation options)
        : base(parts, ChunkRows, CountBlocks(parts), LargestBlock, options)
    {
        _innerStart = parts.ReduceStart + parts.ReduceCount;
        _innerDims = Geometry.Dims.Length - _innerStart;
        _blockColumns = Math.Clamp(InnerCount, 1, LargestBlock);
        _tileRows = Math.Clamp(TilePoints / _blockColumns, 1, ChunkRows);
        SetTempRowStride(_innerDims == 1 ? _blockColumns : Geometry.Dims[^1]);
    }

    internal override void RunPart(byte** operands, byte* scratch, int part)
    {
        byte** origin = stackalloc byte*[Geometry.OperandCount];
        byte** outer = stackalloc byte*[Geometry.OperandCount];
        byte** accumulators = stackalloc byte*[Folds.Length];
        byte* own = PartScratch(scratch, part);
        Geometry.Begin(operands, origin);
        (long first, long end) = Share(TaskCount, part, PartCount);
        for (long task = first; task < end; task++)
        {
            (long rest, long block) = Math.DivRem(task, BlockCount);
            (long outerPoint, long chunk) = Math.DivRem(rest, ChunkCount);
            long column = block * _blockColumns, width = Math.Min(_blockColumns, InnerCount - column);
            Geometry.Locate(origin, outer, 0, Parts.ReduceStart, outerPoint);
            for (int i = 0; i < Folds.Length; i++)
            {
                accumulators[i] = ChunkCount == 1 || Folds[i].Folder.KeepsErrors
                    ? Results(own, i)
                    : Partials(scratch, i, outerPoint, chunk) + (column * Folds[i].Folder.Size);
                Folds[i].Folder.FillIdentity(accumulators[i], width);
            }

            RunChunk(outer, accumulators, own, chunk, column, width);
            for (int i = 0; i < Folds.Length; i++)
            {
                if (ChunkCount == 1)
                    Store(outer, i, accumulators[i], column, width);
                else if (Folds[i].Folder.KeepsErrors)
                    Folds[i].Folder.Finish(accumulators[i], width, Partials(scratch, i, outerPoint, chunk) + (column * Folds[i].Folder.Size));
            }
        }
    }

    internal override void RunFinalPart(byte** operands, byte* scratch, int part)
    {
        byte** origin = stackalloc byte*[Geometry.OperandCount];
        byte** outer = stackalloc byte*[Geometry.OperandCount];
        byte* own = PartScratch(scratch, part);
        Geometry.Begin(operands, origin);
        (long first, long end) = Share(OuterCount * BlockCount, part, FinalPartCount);
        for (long task = first; task < end; task++)
        {
            (long outerPoint, long block) = Math.DivRem(task, BlockCount);
            long column = block * _blockColumns, width = Math.Min(_blockColumns, InnerCount - column);
            Geometry.Locate(origin, outer, 0, Parts.ReduceStart, outerPoint);
            for (int i = 0; i < Folds.Length; i++)
            {
                byte* partials = Partials(scratch, i, outerPoint, 0) + (column * Folds[i].Folder.Size);
                FoldPartials(Folds[i].Folder, partials, width, Results(own, i));
                Store(outer, i, partials, column, width);
            }
        }
    }

    private static long CountBlocks(FoldParts parts)
    {
        int innerStart = parts.ReduceStart + parts.ReduceCount;
        long inner = parts.Geometry.Count(innerStart, parts.Geometry.Dims.Length - innerStart);
        return (inner + LargestBlock - 1) / LargestBlock;
    }

    private void RunChunk(byte** outer, byte** accumulators, byte* own, long chunk, long column, long width)
    {
        byte** box = stackalloc byte*[Geometry.OperandCount];
        byte** row = stackalloc byte*[Geometry.OperandCount];
        long rowsOfDim = Geometry.Dims[_innerStart - 1];
        long point = chunk * ChunkRows, end = Math.Min(point + ChunkRows, FoldedCount);
        while (point < end)
        {
            long rows = Math.Min(_tileRows, end - point);
            if (_innerDims == 1)
            {
                rows = Math.Min(rows, rowsOfDim - (point % rowsOfDim));
                Geometry.Locate(outer, box, Parts.ReduceStart, Parts.ReduceCount, point);
                Geometry.Move(box, _innerStart, column);
                Evaluate(box, rows, width, own);
            }
            else
            {
                for (long i = 0; i < rows; i++)
                {
                    Geometry.Locate(outer, row, Parts.ReduceStart, Parts.ReduceCount, point + i);
                    EvaluateRow(row, box, own, i * _blockColumns, column, width);
                }
            }

            for (int i = 0; i < Folds.Length; i++)
            {
                FoldedOutput fold = Folds[i];
                long stride = fold.Source < 0 ? _blockColumns * fold.Folder.Size : RowStrides[fold.Source];
                fold.Folder.Columns(accumulators[i], Values(box, own, i), stride, rows, width);
            }

            point += rows;
        }
    }

    /// <summary>Evaluates a range of inner points that span several dimensions, box by box.</summary>
    private void EvaluateRow(byte** row, byte** box, byte* own, long tempStart, long first, long count)
    {
        int dims = Geometry.Dims.Length;
        long columnsOfDim = Geometry.Dims[dims - 1], rowsOfDim = Geometry.Dims[dims - 2];
        long end = first + count;
        for (long point = first; point < end;)
        {
            (long boxRow, long column) = Math.DivRem(point, columnsOfDim);
            bool isWhole = column == 0 && end - point >= columnsOfDim;
            long rows = isWhole ? Math.Min(rowsOfDim - (boxRow % rowsOfDim), (end - point) / columnsOfDim) : 1;
            long columns = isWhole ? columnsOfDim : Math.Min(columnsOfDim - column, end - point);
            Geometry.Locate(row, box, _innerStart, _innerDims, point);
            Evaluate(box, rows, columns, own, tempStart + point - first);
            point += rows * columns;
        }
    }

    /// <summary>Folds rows of partial results as if they were points, until one row is left in front.</summary>
    private void FoldPartials(Folder folder, byte* partials, long width, byte* accumulators)
    {
        long rowBytes = InnerCount * folder.Size;
        for (long count = ChunkCount, chunks; count > 1; count = chunks)
        {
            chunks = (count + ChunkRows - 1) / ChunkRows;
            for (long i = 0; i < chunks; i++)
            {
                folder.FillIdentity(accumulators, width);
                byte* values = partials + (i * ChunkRows * rowBytes);
                folder.Columns(accumulators, values, rowBytes, Math.Min(ChunkRows, count - (i * ChunkRows)), width);
                folder.Finish(accumulators, width, partials + (i * rowBytes));
            }
        }
    }

    private void Store(byte** outer, int index, byte* results, long column, long width)
    {
        FoldedOutput fold = Folds[index];
        int lastDim = Geometry.Dims.Length - 1;
        long columnsOfDim = Geometry.Dims[lastDim];
        for (long point = column; point < column + width;)
        {
            long count = Math.Min(columnsOfDim - (point % columnsOfDim), column + width - point);
            byte* target = outer[fold.Operand] + Geometry.Offset(fold.Operand, _innerStart, _innerDims, point);
            byte* from = results + ((point - column) * fold.Folder.Size);
            fold.Folder.Store(fold.Type, from, target, Geometry.Stride(fold.Operand, lastDim), count);
            point += count;
        }
    }
}
