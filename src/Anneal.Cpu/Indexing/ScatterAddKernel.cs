using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>
/// Adds float32 rows to a table of zeros in the order of the indices. Threads share the columns of long rows, so the order of additions
/// to one place never changes.
/// </summary>
internal sealed unsafe class ScatterAddKernel : SimpleKernel
{
    private readonly long _tableBytes;
    private readonly long _extent;
    private readonly long _inner;
    private readonly long _taken;
    private readonly long _count;
    private readonly long _rowLength;
    private readonly bool _wide;

    private ScatterAddKernel(long tableBytes, long extent, long inner, long taken, long count, long rowLength, bool wide)
    {
        _tableBytes = tableBytes;
        _extent = extent;
        _inner = inner;
        _taken = taken;
        _count = count;
        _rowLength = rowLength;
        _wide = wide;
    }

    internal static CpuKernel? Make(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        Shape table = ((ScatterAdd)request.Node.Op).Table;
        long count = request.Node.Inputs[0].Shape.ElementCount;
        return new ScatterAddKernel(
            request.Node.Outputs[0].Type.ByteCount, table[0], 1, Math.Max(1, count), count, table[1..].ElementCount,
            request.Node.Inputs[0].DType == DType.Int64);
    }

    internal static CpuKernel? MakeAlong(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var op = (ScatterAddAlong)request.Node.Op;
        Shape indices = request.Node.Inputs[0].Shape;
        return new ScatterAddKernel(
            request.Node.Outputs[0].Type.ByteCount, op.To[op.Axis], op.To[(op.Axis + 1)..].ElementCount, Math.Max(1, indices[op.Axis]),
            indices.ElementCount, 1, request.Node.Inputs[0].DType == DType.Int64);
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        float* values = (float*)operands[1], table = (float*)operands[2];
        System.Runtime.InteropServices.NativeMemory.Clear(table, (nuint)_tableBytes);
        for (long i = 0; i < _count; i++, values += _rowLength)
        {
            long index = IndexReader.Read(operands[0], _wide, i);
            if ((ulong)index >= (ulong)_extent)
                continue;
            float* row = table + ((i / _inner / _taken * _extent + index) * _inner + i % _inner) * _rowLength;
            for (long j = 0; j < _rowLength; j++)
                row[j] += values[j];
        }
    }
}
