namespace Anneal.Cpu;

/// <summary>
/// Lets a body that wants contiguous columns run on operands whose columns lie apart: blocks of them are gathered into scratch
/// before, and outputs scattered after. A block is small in both directions, so a transposed operand is read by whole cache lines.
/// </summary>
internal sealed unsafe class PackedBody : LoopBody
{
    /// <summary>The rows of a block of more than one.</summary>
    internal const int BlockRows = 32;

    /// <summary>The columns of a block of more than one row.</summary>
    internal const int BlockColumns = 64;

    private const int BlockPoints = BlockRows * BlockColumns;
    private const int BlockBytes = (BlockPoints + 16) * sizeof(float);

    private readonly LoopBody _inner;
    private readonly int _operandCount;
    private readonly Operand[] _strided;
    private readonly int[] _elementSizes;
    private readonly long[] _columnStrides;

    /// <param name="inner">The body for contiguous operands.</param>
    /// <param name="elementSizes">The bytes of an element of each operand.</param>
    /// <param name="columnStrides">The bytes from a column to the next of each operand.</param>
    /// <param name="strided">The operands to pack.</param>
    internal PackedBody(LoopBody inner, int[] elementSizes, long[] columnStrides, Operand[] strided)
    {
        _inner = inner;
        _strided = strided;
        _columnStrides = columnStrides;
        _elementSizes = elementSizes;
        _operandCount = elementSizes.Length;
    }

    internal readonly record struct Operand(int Index, bool IsOutput);

    internal override long ScratchBytes => ((long)_strided.Length * BlockBytes) + _inner.ScratchBytes;

    internal override void Run(byte** operands, long* rowStrides, long rows, long columns, byte* scratch)
    {
        byte** pointers = stackalloc byte*[_operandCount];
        long* strides = stackalloc long[_operandCount];
        long blockRows = rows == 1 ? 1 : BlockRows, blockColumns = BlockPoints / blockRows;
        byte* innerScratch = scratch + (_strided.Length * BlockBytes);
        for (int i = 0; i < _operandCount; i++)
            strides[i] = rowStrides[i];
        foreach (Operand operand in _strided)
            strides[operand.Index] = blockColumns * _elementSizes[operand.Index];
        for (long row = 0; row < rows; row += blockRows)
        {
            long rowCount = Math.Min(blockRows, rows - row);
            for (long column = 0; column < columns; column += blockColumns)
            {
                long columnCount = Math.Min(blockColumns, columns - column);
                for (int i = 0; i < _operandCount; i++)
                    pointers[i] = operands[i] + (row * rowStrides[i]) + (column * _columnStrides[i]);
                Gather(operands, pointers, rowStrides, row, rowCount, column, columnCount, strides, scratch);
                _inner.Run(pointers, strides, rowCount, columnCount, innerScratch);
                Scatter(operands, pointers, rowStrides, row, rowCount, column, columnCount, strides);
            }
        }
    }

    private void Gather(
        byte** operands, byte** pointers, long* rowStrides, long row, long rows, long column, long columns, long* strides, byte* scratch)
    {
        foreach (Operand operand in _strided)
        {
            int i = operand.Index;
            pointers[i] = scratch;
            scratch += BlockBytes;
            if (operand.IsOutput)
                continue;
            byte* source = operands[i] + (row * rowStrides[i]) + (column * _columnStrides[i]);
            StridedCopy.Copy(
                _elementSizes[i], source, rowStrides[i], _columnStrides[i], pointers[i], strides[i], _elementSizes[i], rows, columns);
        }
    }

    private void Scatter(
        byte** operands, byte** pointers, long* rowStrides, long row, long rows, long column, long columns, long* strides)
    {
        foreach (Operand operand in _strided)
        {
            if (!operand.IsOutput)
                continue;
            int i = operand.Index;
            byte* target = operands[i] + (row * rowStrides[i]) + (column * _columnStrides[i]);
            StridedCopy.Copy(
                _elementSizes[i], pointers[i], strides[i], _elementSizes[i], target, rowStrides[i], _columnStrides[i], rows, columns);
        }
    }
}
