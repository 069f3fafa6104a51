using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>
/// The positions of the first elements of each lane in order. Value and position are packed into one whole number whose order is the wanted
/// one: no two are equal, so any way of sorting gives the same stable result.
/// </summary>
internal sealed unsafe class ArgSortKernel : LaneKernel
{
    // Where a small part of the lane is wanted, a heap of that size is cheaper than sorting all of it.
    private const long HeapShare = 8;
    private readonly ArgSort _op;
    private readonly DType _dtype;

    private ArgSortKernel(ArgSort op, TensorType type, int threadCount)
        : base(type.Shape, op.Axis, 20, type.Shape[op.Axis] * (type.DType.Size() == 8 ? sizeof(UInt128) : sizeof(ulong)), threadCount) =>
        (_op, _dtype) = (op, type.DType);

    internal static CpuKernel? Make(KernelRequest request)
    {
        TensorType type = request.Node.Inputs[0].Type;
        return type.DType is DType.Float32 or DType.Float64 or DType.Int32 or DType.Int64
            ? new ArgSortKernel((ArgSort)request.Node.Op, type, request.Threads)
            : null;
    }

    private protected override void Compute(byte** operands, long outer, long inner, long stride, byte* scratch)
    {
        int extent = (int)Extent, count = (int)_op.Count;
        long first = outer * Extent * stride + inner;
        int* target = (int*)operands[1] + outer * _op.Count * stride + inner;
        if (_dtype.Size() == 8)
        {
            var keys = new Span<UInt128>(scratch, extent);
            for (int k = 0; k < extent; k++)
                keys[k] = new UInt128(WideKey(operands[0], first + k * stride), (ulong)k);
            SortFirst(keys, count);
            for (int k = 0; k < count; k++)
                target[k * stride] = (int)(ulong)keys[k];
        }
        else
        {
            var keys = new Span<ulong>(scratch, extent);
            for (int k = 0; k < extent; k++)
                keys[k] = (ulong)Key(operands[0], first + k * stride) << 32 | (uint)k;
            SortFirst(keys, count);
            for (int k = 0; k < count; k++)
                target[k * stride] = (int)(uint)keys[k];
        }
    }

    private uint Key(byte* values, long at)
    {
        const uint Sign = 1u << 31;
        if (_dtype == DType.Int32)
            return Directed(((uint*)values)[at] ^ Sign);
        float value = ((float*)values)[at];
        if (float.IsNaN(value))
            return uint.MaxValue;

        // Adding 0 turns -0 into 0. Negative numbers are ordered against their bits.
        uint bits = BitConverter.SingleToUInt32Bits(value + 0f);
        return Directed((bits & Sign) == 0 ? bits | Sign : ~bits);

        uint Directed(uint key) => _op.Descending ? ~key : key;
    }

    private ulong WideKey(byte* values, long at)
    {
        const ulong Sign = 1ul << 63;
        if (_dtype == DType.Int64)
            return Directed(((ulong*)values)[at] ^ Sign);
        double value = ((double*)values)[at];
        if (double.IsNaN(value))
            return ulong.MaxValue;
        ulong bits = BitConverter.DoubleToUInt64Bits(value + 0d);
        return Directed((bits & Sign) == 0 ? bits | Sign : ~bits);

        ulong Directed(ulong key) => _op.Descending ? ~key : key;
    }

    /// <summary>Brings the <paramref name="count"/> smallest keys to the front, in order.</summary>
    private static void SortFirst<T>(Span<T> keys, int count) where T : unmanaged, System.Numerics.INumber<T>
    {
        if (count * HeapShare >= keys.Length)
        {
            keys.Sort();
            return;
        }

        if (count == 0)
            return;

        // A heap of the smallest so far, the largest of them on top.
        Span<T> heap = keys[..count];
        for (int i = count / 2 - 1; i >= 0; i--)
            SiftDown(heap, i);
        foreach (T key in keys[count..])
        {
            if (key >= heap[0])
                continue;
            heap[0] = key;
            SiftDown(heap, 0);
        }

        heap.Sort();
    }

    private static void SiftDown<T>(Span<T> heap, int at) where T : unmanaged, System.Numerics.INumber<T>
    {
        T moved = heap[at];
        while (true)
        {
            int child = 2 * at + 1;
            if (child >= heap.Length)
                break;
            if (child + 1 < heap.Length && heap[child + 1] > heap[child])
                child++;
            if (heap[child] <= moved)
                break;
            heap[at] = heap[child];
            at = child;
        }

        heap[at] = moved;
    }
}
