using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>The position of the first largest element along an axis, for float32 and int32.</summary>
internal sealed unsafe class ArgMaxKernel(long outer, long extent, long inner, DType dtype) : SimpleKernel
{
    internal static CpuKernel? Make(KernelRequest request)
    {
        int axis = ((ArgMax)request.Node.Op).Axis;
        TensorType input = request.Node.Inputs[0].Type;
        if (input.DType is not (DType.Float32 or DType.Float64 or DType.Int32 or DType.Int64))
            return null;
        return new ArgMaxKernel(input.Shape[..axis].ElementCount, input.Shape[axis], input.Shape[(axis + 1)..].ElementCount, input.DType);
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        int* target = (int*)operands[1];
        for (long o = 0; o < outer; o++)
        {
            for (long i = 0; i < inner; i++)
            {
                long first = o * extent * inner + i;
                *target++ = dtype switch
                {
                    DType.Float32 => Find((float*)operands[0] + first),
                    DType.Float64 => Find((double*)operands[0] + first),
                    DType.Int32 => Find((int*)operands[0] + first),
                    _ => Find((long*)operands[0] + first),
                };
            }
        }
    }

    private int Find<T>(T* values) where T : unmanaged, System.Numerics.INumber<T>
    {
        int best = 0;
        for (int k = 1; k < extent; k++)
        {
            T value = values[k * inner], leader = values[best * inner];
            if (value > leader || (T.IsNaN(value) && !T.IsNaN(leader)))
                best = k;
        }

        return best;
    }
}
