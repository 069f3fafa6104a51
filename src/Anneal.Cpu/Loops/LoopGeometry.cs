using System.Diagnostics;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>The extents of a loop and the distances in bytes between the elements of its operands: inputs, then outputs.</summary>
internal sealed unsafe class LoopGeometry
{
    private readonly long[] _strides;
    private readonly long[] _offsets;

    internal LoopGeometry(Loop loop)
    {
        Dims = loop.Dims;
        LoopOperand[] operands = [.. loop.Inputs, .. loop.Outputs.Select(o => o.Operand)];
        OperandCount = operands.Length;
        _offsets = [.. operands.Select(o => o.Offset * o.DType.Size())];
        _strides = new long[OperandCount * Dims.Length];
        for (int i = 0; i < operands.Length; i++)
        {
            for (int d = 0; d < Dims.Length; d++)
                _strides[(i * Dims.Length) + d] = operands[i].Strides[d] * operands[i].DType.Size();
        }
    }

    internal long[] Dims { get; }

    internal int OperandCount { get; }

    /// <summary>The bytes per step of a dimension; 0 for a dimension that does not exist.</summary>
    internal long Stride(int operand, int dim) => dim < 0 ? 0 : _strides[(operand * Dims.Length) + dim];

    /// <summary>The strides of all operands along one dimension, at an address that stays valid as long as the array.</summary>
    internal long[] StridesAlong(int dim)
    {
        long[] strides = GC.AllocateArray<long>(Math.Max(OperandCount, 1), pinned: true);
        for (int i = 0; i < OperandCount; i++)
            strides[i] = Stride(i, dim);
        return strides;
    }

    internal long Count(int start, int count)
    {
        long product = 1;
        for (int d = start; d < start + count; d++)
            product *= Dims[d];
        return product;
    }

    /// <summary>The addresses of the elements at the origin of the loop.</summary>
    internal void Begin(byte** operands, byte** origin)
    {
        for (int i = 0; i < OperandCount; i++)
            origin[i] = operands[i] + _offsets[i];
    }

    /// <summary>Moves addresses to a point of dimensions <c>[start, start + count)</c>, given as the number of points before it.</summary>
    internal void Locate(byte** from, byte** to, int start, int count, long point)
    {
        for (int i = 0; i < OperandCount; i++)
            to[i] = from[i];
        for (int d = start + count - 1; d >= start && point != 0; d--)
        {
            long index = point;
            point = 0;
            if (d > start)
                (point, index) = Math.DivRem(index, Dims[d]);
            if (index != 0)
                Move(to, d, index);
        }

        Debug.Assert(point == 0);
    }

    /// <summary>The bytes of one operand from the origin to a point of dimensions <c>[start, start + count)</c>.</summary>
    internal long Offset(int operand, int start, int count, long point)
    {
        long offset = 0;
        for (int d = start + count - 1; d >= start && point != 0; d--)
        {
            (point, long index) = Math.DivRem(point, Dims[d]);
            offset += index * Stride(operand, d);
        }

        return offset;
    }

    /// <summary>Moves addresses along one dimension.</summary>
    internal void Move(byte** addresses, int dim, long steps)
    {
        for (int i = 0, at = dim; i < OperandCount; i++, at += Dims.Length)
            addresses[i] += _strides[at] * steps;
    }
}
