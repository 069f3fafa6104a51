using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Surrounds and spreads a tensor; works on bytes, so that it serves every data type.</summary>
internal sealed unsafe class PadKernel : SimpleKernel
{
    private readonly Shape _from;
    private readonly long _elementSize;
    private readonly long _outputBytes;
    private readonly long[] _strides;
    private readonly long _start;
    private readonly TensorData _value;
    private readonly long _rowLength;
    private readonly long _rowStep;

    internal PadKernel(Node node)
    {
        var op = (Pad)node.Op;
        _from = node.Inputs[0].Shape;
        TensorType output = node.Outputs[0].Type;
        _elementSize = output.DType.Size();
        _outputBytes = output.ByteCount;
        long[] dense = Strides.Of(output.Shape);
        _strides = new long[_from.Rank];
        for (int i = 0; i < _strides.Length; i++)
        {
            _start += dense[i] * op.Before[i];
            _strides[i] = dense[i] * (op.Between[i] + 1);
        }

        _value = new TensorData(output.DType, Shape.Scalar);
        _value.SetDouble(0, op.Value);
        _rowLength = _from.Rank == 0 ? 1 : _from[^1];
        _rowStep = _from.Rank == 0 ? 1 : _strides[^1];
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        byte* source = operands[0], target = operands[1];
        Bytes.Fill(target, _value.Pointer, _elementSize, _outputBytes);
        long rows = _rowLength == 0 ? 0 : _from.ElementCount / _rowLength;
        for (long row = 0; row < rows; row++)
        {
            long at = _start, rest = row;
            for (int axis = _from.Rank - 2; axis >= 0; axis--)
            {
                at += _strides[axis] * (rest % _from[axis]);
                rest /= _from[axis];
            }

            Bytes.CopyStrided(source, target + at * _elementSize, _elementSize, _rowLength, _rowStep);
            source += _rowLength * _elementSize;
        }
    }
}

/// <summary>Joins tensors along an axis.</summary>
internal sealed unsafe class ConcatKernel : SimpleKernel
{
    private readonly long _outer;
    private readonly long[] _chunks;

    internal ConcatKernel(Node node)
    {
        int axis = ((Concat)node.Op).Axis;
        TensorType output = node.Outputs[0].Type;
        _outer = output.Shape[..axis].ElementCount;
        long inner = output.Shape[(axis + 1)..].ElementCount * output.DType.Size();
        _chunks = node.Inputs.Select(i => i.Shape[axis] * inner).ToArray();
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        byte* target = operands[_chunks.Length];
        for (long o = 0; o < _outer; o++)
        {
            for (int i = 0; i < _chunks.Length; i++)
            {
                Buffer.MemoryCopy(operands[i] + o * _chunks[i], target, _chunks[i], _chunks[i]);
                target += _chunks[i];
            }
        }
    }
}

/// <summary>Counts along an axis.</summary>
internal sealed unsafe class IotaKernel : SimpleKernel
{
    // The values never change: they are worked out once.
    private readonly TensorData _values;

    internal IotaKernel(Node node)
    {
        var op = (Iota)node.Op;
        _values = new TensorData(op.Filled);
        long inner = op.Filled.Shape[(op.Axis + 1)..].ElementCount, extent = op.Filled.Shape[op.Axis];
        for (long i = 0; i < op.Filled.Shape.ElementCount; i++)
            _values.SetDouble(i, i / inner % extent);
    }

    private protected override void Run(byte** operands, WorkerPool pool) =>
        Buffer.MemoryCopy(_values.Pointer, operands[0], _values.Type.ByteCount, _values.Type.ByteCount);
}

/// <summary>Moves elements of 1, 2, 4 or 8 bytes without knowing what they mean.</summary>
internal static unsafe class Bytes
{
    internal static void Fill(byte* target, byte* value, long elementSize, long byteCount)
    {
        // In pieces that a span can count.
        const long Piece = 1 << 30;
        for (long done = 0; done < byteCount; done += Piece, target += Piece)
        {
            int count = (int)(Math.Min(Piece, byteCount - done) / elementSize);
            switch (elementSize)
            {
                case 1: new Span<byte>(target, count).Fill(*value); break;
                case 2: new Span<short>(target, count).Fill(*(short*)value); break;
                case 4: new Span<int>(target, count).Fill(*(int*)value); break;
                default: new Span<long>(target, count).Fill(*(long*)value); break;
            }
        }
    }

    internal static void CopyStrided(byte* source, byte* target, long elementSize, long count, long step)
    {
        if (step == 1)
        {
            Buffer.MemoryCopy(source, target, count * elementSize, count * elementSize);
            return;
        }

        for (long i = 0; i < count; i++)
            Copy(source + i * elementSize, target + i * step * elementSize, elementSize);
    }

    internal static void Copy(byte* source, byte* target, long elementSize)
    {
        switch (elementSize)
        {
            case 1: *target = *source; break;
            case 2: *(short*)target = *(short*)source; break;
            case 4: *(int*)target = *(int*)source; break;
            default: *(long*)target = *(long*)source; break;
        }
    }
}
