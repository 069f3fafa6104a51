namespace Anneal.Cpu;

/// <summary>Folds the innermost dimensions: every outer point has a row of values and one result.</summary>
internal sealed unsafe class RowFoldSchedule : FoldSchedule
{
    // Part of the definition of a fold: another number would give other bits.
    private const int ChunkPoints = 4096;
    private const int LargestBatch = 256;

    private readonly int _rowsOfBatch;
    private readonly bool _isFlat;
    private readonly long _rowsOfDim;

    internal RowFoldSchedule(FoldParts parts, LoopCompilation options)
        : base(parts, ChunkPoints, blocks: 1, LargestBatch, options)
    {
        _isFlat = parts.ReduceCount == 1;
        _rowsOfDim = parts.ReduceStart > 0 ? Geometry.Dims[parts.ReduceStart - 1] : 1;
        long pitch = (Math.Clamp(FoldedCount, 1, TilePoints) + 15) & ~15L;
        _rowsOfBatch = (int)Math.Clamp(TilePoints / pitch, 1, LargestBatch);
        SetTempRowStride(_isFlat ? pitch : Geometry.Dims[^1]);
    }

    internal override void RunPart(byte** operands, byte* scratch, int part)
    {
        byte** origin = stackalloc byte*[Geometry.OperandCount];
        byte** outer = stackalloc byte*[Geometry.OperandCount];
        byte** box = stackalloc byte*[Geometry.OperandCount];
        byte* own = PartScratch(scratch, part);
        Geometry.Begin(operands, origin);
        (long task, long end) = Share(TaskCount, part, PartCount);
        while (task < end)
        {
            if (_isFlat && ChunkCount == 1)
            {
                long count = Math.Min(Math.Min(_rowsOfBatch, _rowsOfDim - (task % _rowsOfDim)), end - task);
                Geometry.Locate(origin, outer, 0, Parts.ReduceStart, task);
                RunBatch(outer, box, own, count);
                task += count;
                continue;
            }

            (long outerPoint, long chunk) = Math.DivRem(task, ChunkCount);
            Geometry.Locate(origin, outer, 0, Parts.ReduceStart, outerPoint);
            RunChunk(outer, box, own, chunk);
            for (int i = 0; i < Folds.Length; i++)
                KeepResult(outer, box, scratch, own, i, outerPoint, chunk);
            task++;
        }
    }

    internal override void RunFinalPart(byte** operands, byte* scratch, int part)
    {
        byte** origin = stackalloc byte*[Geometry.OperandCount];
        byte** outer = stackalloc byte*[Geometry.OperandCount];
        Geometry.Begin(operands, origin);
        (long first, long end) = Share(OuterCount, part, FinalPartCount);
        for (long point = first; point < end; point++)
        {
            Geometry.Locate(origin, outer, 0, Parts.ReduceStart, point);
            for (int i = 0; i < Folds.Length; i++)
            {
                FoldedOutput fold = Folds[i];
                byte* partials = Partials(scratch, i, point, 0);
                FoldPartials(fold.Folder, partials);
                fold.Folder.Store(fold.Type, partials, outer[fold.Operand], 0, 1);
            }
        }
    }

    /// <summary>Whole rows that all fit in scratch.</summary>
    private void RunBatch(byte** outer, byte** box, byte* own, long count)
    {
        Geometry.Locate(outer, box, 0, 0, 0);
        Evaluate(box, count, FoldedCount, own);
        for (int i = 0; i < Folds.Length; i++)
        {
            FoldedOutput fold = Folds[i];
            byte* results = Results(own, i);
            long stride = RowStrides[fold.Source < 0 ? fold.Operand : fold.Source];
            fold.Folder.Rows(Values(box, own, i), stride, count, FoldedCount, results);
            fold.Folder.Store(fold.Type, results, outer[fold.Operand], Geometry.Stride(fold.Operand, Parts.ReduceStart - 1), count);
        }
    }

    private void RunChunk(byte** outer, byte** box, byte* own, long chunk)
    {
        long first = chunk * ChunkPoints, end = first + CountOf(chunk), point = first;
        if (_isFlat)
        {
            Geometry.Locate(outer, box, Parts.ReduceStart, 1, first);
            Evaluate(box, 1, end - first, own);
            return;
        }

        int dims = Geometry.Dims.Length;
        long columnsOfDim = Geometry.Dims[dims - 1], rowsOfDim = Geometry.Dims[dims - 2];
        while (point < end)
        {
            (long row, long column) = Math.DivRem(point, columnsOfDim);
            bool isWhole = column == 0 && end - point >= columnsOfDim;
            long rows = isWhole ? Math.Min(rowsOfDim - (row % rowsOfDim), (end - point) / columnsOfDim) : 1;
            long columns = isWhole ? columnsOfDim : Math.Min(columnsOfDim - column, end - point);
            Geometry.Locate(outer, box, Parts.ReduceStart, Parts.ReduceCount, point);
            Evaluate(box, rows, columns, own, point - first);
            point += rows * columns;
        }
    }

    private void KeepResult(byte** outer, byte** box, byte* scratch, byte* own, int index, long outerPoint, long chunk)
    {
        FoldedOutput fold = Folds[index];
        byte* result = ChunkCount > 1 ? Partials(scratch, index, outerPoint, chunk) : Results(own, index);
        fold.Folder.Rows(Values(box, own, index), 0, 1, CountOf(chunk), result);
        if (ChunkCount == 1)
            fold.Folder.Store(fold.Type, result, outer[fold.Operand], 0, 1);
    }

    /// <summary>Folds the results of chunks as if they were points, until one is left in front.</summary>
    private void FoldPartials(Folder folder, byte* partials)
    {
        for (long count = ChunkCount, chunks; count > 1; count = chunks)
        {
            chunks = (count + ChunkPoints - 1) / ChunkPoints;
            for (long i = 0; i < chunks; i++)
            {
                byte* values = partials + (i * ChunkPoints * folder.Size);
                folder.Rows(values, 0, 1, Math.Min(ChunkPoints, count - (i * ChunkPoints)), partials + (i * folder.Size));
            }
        }
    }

    private long CountOf(long chunk) => Math.Min(ChunkPoints, FoldedCount - (chunk * ChunkPoints));
}
