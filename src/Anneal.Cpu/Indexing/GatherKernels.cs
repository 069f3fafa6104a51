using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Whole numbers of 32 or 64 bits.</summary>
internal static unsafe class IndexReader
{
    internal static long Read(byte* indices, bool wide, long i) => wide ? ((long*)indices)[i] : ((int*)indices)[i];
}

/// <summary>Rows of a table; a row out of range is filled with NaN, or 0 for whole numbers.</summary>
internal sealed unsafe class GatherKernel : SimpleKernel
{
    private readonly long _rows;
    private readonly long _rowBytes;
    private readonly long _count;
    private readonly long _elementSize;
    private readonly bool _wide;
    private readonly TensorData _missing;

    internal GatherKernel(Node node)
    {
        TensorType table = node.Inputs[0].Type;
        _rows = table.Shape[0];
        _elementSize = table.DType.Size();
        _rowBytes = table.Shape[1..].ElementCount * _elementSize;
        _count = node.Inputs[1].Shape.ElementCount;
        _wide = node.Inputs[1].DType == DType.Int64;
        _missing = Missing(table.DType);
    }

    /// <summary>What stands for an element that does not exist.</summary>
    internal static TensorData Missing(DType dtype)
    {
        var value = new TensorData(dtype, Shape.Scalar);
        value.SetDouble(0, dtype.IsFloating() ? double.NaN : 0);
        return value;
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        byte* target = operands[2];
        for (long i = 0; i < _count; i++, target += _rowBytes)
        {
            long index = IndexReader.Read(operands[1], _wide, i);
            if ((ulong)index < (ulong)_rows)
                Buffer.MemoryCopy(operands[0] + index * _rowBytes, target, _rowBytes, _rowBytes);
            else
                Bytes.Fill(target, _missing.Pointer, _elementSize, _rowBytes);
        }
    }
}

/// <summary>One element along an axis for each index.</summary>
internal sealed unsafe class GatherAlongKernel : SimpleKernel
{
    private readonly long _extent;
    private readonly long _inner;
    private readonly long _taken;
    private readonly long _count;
    private readonly long _elementSize;
    private readonly bool _wide;
    private readonly TensorData _missing;

    internal GatherAlongKernel(Node node)
    {
        int axis = ((GatherAlong)node.Op).Axis;
        Shape x = node.Inputs[0].Shape, indices = node.Inputs[1].Shape;
        _extent = x[axis];
        _inner = x[(axis + 1)..].ElementCount;
        _taken = indices[axis];
        _count = indices.ElementCount;
        _elementSize = node.Inputs[0].DType.Size();
        _wide = node.Inputs[1].DType == DType.Int64;
        _missing = GatherKernel.Missing(node.Inputs[0].DType);
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        byte* target = operands[2];
        for (long i = 0; i < _count; i++, target += _elementSize)
        {
            long index = IndexReader.Read(operands[1], _wide, i);
            long at = (i / _inner / _taken * _extent + index) * _inner + i % _inner;
            Bytes.Copy((ulong)index < (ulong)_extent ? operands[0] + at * _elementSize : _missing.Pointer, target, _elementSize);
        }
    }
}
