using System.Numerics;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Running sums along an axis, one term after another; float32 is summed in double precision and rounded once.</summary>
internal sealed unsafe class CumulativeSumKernel : LaneKernel
{
    private readonly CumulativeSum _op;
    private readonly DType _dtype;

    private CumulativeSumKernel(CumulativeSum op, TensorType type, int threadCount) : base(type.Shape, op.Axis, 1, 0, threadCount) =>
        (_op, _dtype) = (op, type.DType);

    internal static CpuKernel? Make(KernelRequest request)
    {
        TensorType type = request.Node.Inputs[0].Type;
        return type.DType is DType.Float32 or DType.Float64 or DType.Int32 or DType.Int64
            ? new CumulativeSumKernel((CumulativeSum)request.Node.Op, type, request.Threads)
            : null;
    }

    private protected override void Compute(byte** operands, long outer, long inner, long stride, byte* scratch)
    {
        switch (_dtype)
        {
            case DType.Float32:
                Sum<float, double>(operands, outer, inner, stride);
                break;
            case DType.Float64:
                Sum<double, double>(operands, outer, inner, stride);
                break;
            case DType.Int32:
                Sum<int, int>(operands, outer, inner, stride);
                break;
            default:
                Sum<long, long>(operands, outer, inner, stride);
                break;
        }
    }

    private void Sum<T, TSum>(byte** operands, long outer, long inner, long stride)
        where T : unmanaged, INumber<T>
        where TSum : unmanaged, INumber<TSum>
    {
        T* source = (T*)operands[0] + outer * Extent * stride + inner, target = (T*)operands[1] + outer * Extent * stride + inner;
        if (_op.Reverse)
        {
            source += (Extent - 1) * stride;
            target += (Extent - 1) * stride;
            stride = -stride;
        }

        TSum sum = TSum.Zero;
        for (long k = 0; k < Extent; k++, source += stride, target += stride)
        {
            TSum next = sum + TSum.CreateTruncating(*source);
            *target = T.CreateTruncating(_op.Exclusive ? sum : next);
            sum = next;
        }
    }
}
