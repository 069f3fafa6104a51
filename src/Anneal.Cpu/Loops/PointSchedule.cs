using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>A loop without reductions: rows run along the second last dimension, columns along the last.</summary>
internal sealed unsafe class PointSchedule : LoopSchedule
{
    // Parts start on whole vectors of every width, so that no part has short ones where another has none.
    private const long ColumnGrain = 64;
    private const long LargestBlockScratch = 128 * 1024;

    private readonly LoopGeometry _geometry;
    private readonly LoopBody _body;
    private readonly long[] _rowStrides;
    private readonly int _outerDims;
    private readonly long _rows;
    private readonly long _rowsOfDim;
    private readonly long _columns;
    private readonly int _partCount;
    private readonly bool _cutsColumns;
    private readonly long _partScratch;

    internal PointSchedule(LoopGeometry geometry, LoopBody body, long work, LoopCompilation options)
    {
        _geometry = geometry;
        _body = body;
        int dims = geometry.Dims.Length;
        _columns = dims > 0 ? geometry.Dims[dims - 1] : 1;
        _outerDims = Math.Max(dims - 1, 0);
        _rows = geometry.Count(0, _outerDims);
        _rowsOfDim = dims > 1 ? geometry.Dims[dims - 2] : 1;
        _rowStrides = geometry.StridesAlong(dims - 2);
        long parts = Math.Clamp(work / options.WorkOfPart, 1, options.MaximumParts);
        _cutsColumns = _rows < 4 * parts && _columns >= parts * 4 * ColumnGrain;
        _partCount = (int)Math.Max(1, Math.Min(parts, _cutsColumns ? _columns / ColumnGrain : _rows));
        _partScratch = Align(body.ScratchBytes);
    }

    internal override int PartCount => _partCount;

    internal override long ScratchBytes => _partCount * _partScratch;

    internal override void RunPart(byte** operands, byte* scratch, int part)
    {
        byte* ownScratch = scratch + (part * _partScratch);
        if (!_cutsColumns)
        {
            (long start, long end) = Share(_rows, part, _partCount);
            Run(operands, start, end, 0, _columns, ownScratch);
            return;
        }

        (long firstGrain, long lastGrain) = Share((_columns + ColumnGrain - 1) / ColumnGrain, part, _partCount);
        Run(operands, 0, _rows, firstGrain * ColumnGrain, Math.Min(lastGrain * ColumnGrain, _columns), ownScratch);
    }

    [SkipLocalsInit]
    internal override void RunBlock(byte** operands, long row, long rowCount, long column, long columnCount)
    {
        if (_geometry.Dims.Length != 2)
            throw new InvalidOperationException("Only a loop compiled with KeepMatrix runs in blocks.");
        Debug.Assert(row >= 0 && row + rowCount <= _rowsOfDim && column >= 0 && column + columnCount <= _columns);
        Debug.Assert(_partScratch <= LargestBlockScratch, "Bodies keep their scratch small enough for the stack.");
        byte* memory = stackalloc byte[(int)_partScratch + 64];
        byte** pointers = stackalloc byte*[_geometry.OperandCount];
        _geometry.Begin(operands, pointers);
        _geometry.Move(pointers, 0, row);
        _geometry.Move(pointers, 1, column);
        byte* scratch = (byte*)(((nint)memory + 63) & ~(nint)63);
        fixed (long* rowStrides = _rowStrides)
            _body.Run(pointers, rowStrides, rowCount, columnCount, scratch);
    }

    private void Run(byte** operands, long row, long rowEnd, long column, long columnEnd, byte* scratch)
    {
        byte** origin = stackalloc byte*[_geometry.OperandCount];
        byte** pointers = stackalloc byte*[_geometry.OperandCount];
        _geometry.Begin(operands, origin);
        if (column != 0)
            _geometry.Move(origin, _geometry.Dims.Length - 1, column);
        fixed (long* rowStrides = _rowStrides)
        {
            while (row < rowEnd)
            {
                long count = Math.Min(_rowsOfDim - (row % _rowsOfDim), rowEnd - row);
                _geometry.Locate(origin, pointers, 0, _outerDims, row);
                _body.Run(pointers, rowStrides, count, columnEnd - column, scratch);
                row += count;
            }
        }
    }
}
