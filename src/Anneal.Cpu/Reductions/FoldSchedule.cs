namespace Anneal.Cpu;

/// <summary>One folded output of a loop.</summary>
/// <param name="Folder">How values are folded.</param>
/// <param name="Operand">Where results go; inputs are counted before outputs.</param>
/// <param name="Source">The operand whose memory holds the values, or -1 where the body leaves them in scratch.</param>
/// <param name="Type">The type of the results in memory.</param>
internal sealed record FoldedOutput(Folder Folder, int Operand, int Source, DType Type);

/// <summary>The pieces that a <see cref="FoldSchedule"/> is made of.</summary>
/// <param name="Geometry">Extents and strides.</param>
/// <param name="Body">The body, or null where inputs are folded as they are.</param>
/// <param name="RowDim">The dimension of the body's rows, or -1.</param>
/// <param name="ReduceStart">The first folded dimension.</param>
/// <param name="ReduceCount">The number of folded dimensions.</param>
/// <param name="Folds">The folded outputs.</param>
/// <param name="Work">The estimated work in elementary operations.</param>
internal sealed record FoldParts(
    LoopGeometry Geometry, LoopBody? Body, int RowDim, int ReduceStart, int ReduceCount, FoldedOutput[] Folds, long Work);

/// <summary>
/// A loop with reductions. The folded points are cut in chunks of a fixed number, so the order of every fold depends on nothing but
/// shapes. Chunks are shared by threads; where there are several, their results meet in scratch and are folded at the end.
/// </summary>
internal abstract unsafe class FoldSchedule : LoopSchedule
{
    /// <summary>The most points that a body leaves in scratch at once.</summary>
    protected const int TilePoints = 4096;

    private const long PartialsOfPart = 65_536;
    private const int SlackBytes = 64;

    private readonly long[] _partialOffsets;
    private readonly long _partialBytes;
    private readonly long _tempBytes;
    private readonly long _resultBytes;
    private readonly long _partScratch;
    private readonly int _partCount;

    /// <param name="parts">The loop.</param>
    /// <param name="chunk">The folded points of a chunk.</param>
    /// <param name="blocks">In how many blocks the inner points are cut.</param>
    /// <param name="results">The most results that are at hand at once.</param>
    /// <param name="options">The options of the compilation.</param>
    protected FoldSchedule(FoldParts parts, int chunk, long blocks, long results, LoopCompilation options)
    {
        Parts = parts;
        int innerStart = parts.ReduceStart + parts.ReduceCount;
        OuterCount = Geometry.Count(0, parts.ReduceStart);
        FoldedCount = Geometry.Count(parts.ReduceStart, parts.ReduceCount);
        InnerCount = Geometry.Count(innerStart, Geometry.Dims.Length - innerStart);
        ChunkCount = Math.Max(1, (FoldedCount + chunk - 1) / chunk);
        BlockCount = blocks;
        RowStrides = Geometry.StridesAlong(parts.RowDim);
        _partialOffsets = new long[Folds.Length];
        for (int i = 0; i < Folds.Length && ChunkCount > 1; i++)
        {
            _partialOffsets[i] = _partialBytes;
            _partialBytes += Align(OuterCount * ChunkCount * InnerCount * Folds[i].Folder.Size);
        }

        long tasks = OuterCount * ChunkCount * BlockCount;
        _partCount = (int)Math.Min(Math.Clamp(parts.Work / options.WorkOfPart, 1, options.MaximumParts), Math.Max(tasks, 1));
        _tempBytes = Align((TilePoints * sizeof(long)) + SlackBytes);
        _resultBytes = Align(results * sizeof(long));
        _partScratch = (Folds.Length * (_tempBytes + _resultBytes)) + Align(parts.Body?.ScratchBytes ?? 0);
    }

    internal sealed override int PartCount => _partCount;

    internal sealed override int FinalPartCount =>
        ChunkCount == 1 ? 0 : (int)Math.Clamp(OuterCount * ChunkCount * InnerCount / PartialsOfPart, 1, _partCount);

    internal sealed override long ScratchBytes => _partialBytes + (_partCount * _partScratch);

    protected FoldParts Parts { get; }

    protected LoopGeometry Geometry => Parts.Geometry;

    protected FoldedOutput[] Folds => Parts.Folds;

    protected long OuterCount { get; }

    protected long FoldedCount { get; }

    protected long InnerCount { get; }

    protected long ChunkCount { get; }

    protected long BlockCount { get; }

    protected long TaskCount => OuterCount * ChunkCount * BlockCount;

    /// <summary>The row strides that the body sees.</summary>
    protected long[] RowStrides { get; }

    /// <summary>Sets the distance between the rows that the body leaves in scratch.</summary>
    protected void SetTempRowStride(long values)
    {
        foreach (FoldedOutput fold in Folds)
        {
            if (fold.Source < 0)
                RowStrides[fold.Operand] = values * fold.Folder.Size;
        }
    }

    protected byte* PartScratch(byte* scratch, int part) => scratch + _partialBytes + (part * _partScratch);

    /// <summary>The values that the body leaves for a fold.</summary>
    protected byte* Temp(byte* partScratch, int fold) => partScratch + (fold * _tempBytes);

    protected byte* Results(byte* partScratch, int fold) => partScratch + (Folds.Length * _tempBytes) + (fold * _resultBytes);

    /// <summary>Where the results of a chunk wait for those of the others.</summary>
    protected byte* Partials(byte* scratch, int fold, long outer, long chunk) =>
        scratch + _partialOffsets[fold] + (((outer * ChunkCount) + chunk) * InnerCount * Folds[fold].Folder.Size);

    /// <summary>Runs the body on a box, with folded values going to scratch behind the given number of others.</summary>
    protected void Evaluate(byte** operands, long rows, long columns, byte* partScratch, long tempStart = 0)
    {
        if (Parts.Body is not { } body || rows == 0 || columns == 0)
            return;
        for (int i = 0; i < Folds.Length; i++)
        {
            if (Folds[i].Source < 0)
                operands[Folds[i].Operand] = Temp(partScratch, i) + (tempStart * Folds[i].Folder.Size);
        }

        fixed (long* strides = RowStrides)
            body.Run(operands, strides, rows, columns, partScratch + (Folds.Length * (_tempBytes + _resultBytes)));
    }

    /// <summary>Where the values of a fold lie after <see cref="Evaluate"/>.</summary>
    protected byte* Values(byte** operands, byte* partScratch, int fold) =>
        Folds[fold].Source < 0 ? Temp(partScratch, fold) : operands[Folds[fold].Source];
}
