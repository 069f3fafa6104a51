using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Makes the kernels of pooling.</summary>
internal static unsafe class PoolingKernels
{
    private delegate void Pooling(float* first, float* second, float* output, WorkerPool pool);

    internal static CpuKernel? MaxPool(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var kernel = new MaxPool2DKernel(Describe(((MaxPool)request.Node.Op).Pooling, request.Node.Inputs[0].Shape), request.Threads);
        return new Kernel((x, _, y, pool) => kernel.Run(x, y, pool), 1);
    }

    internal static CpuKernel? MaxPoolGradient(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var kernel = new MaxPoolGradientKernel(Describe(((MaxPoolGradient)request.Node.Op).Pooling, request.Node.Inputs[0].Shape), request.Threads);
        return new Kernel(kernel.Run, 2);
    }

    internal static CpuKernel? MaxPoolSelect(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var kernel = new MaxPoolSelectKernel(Describe(((MaxPoolSelect)request.Node.Op).Pooling, request.Node.Inputs[0].Shape), request.Threads);
        return new Kernel(kernel.Run, 2);
    }

    internal static CpuKernel? AveragePool(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var op = (AveragePool)request.Node.Op;
        PoolShape shape = Describe(op.Pooling, request.Node.Inputs[0].Shape) with { CountIncludePadding = op.CountIncludesPadding };
        var kernel = new AveragePool2DKernel(shape, request.Threads);
        return new Kernel((x, _, y, pool) => kernel.Run(x, y, pool), 1);
    }

    internal static CpuKernel? AveragePoolGradient(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var op = (AveragePoolGradient)request.Node.Op;
        PoolShape shape = Describe(op.Pooling, op.Image) with { CountIncludePadding = op.CountIncludesPadding };
        var kernel = new AveragePoolGradientKernel(shape, request.Threads);
        return new Kernel((dy, _, dx, pool) => kernel.Run(dy, dx, pool), 1);
    }

    private static PoolShape Describe(PoolingWindow pooling, Shape image) => new(
        image[0], checked((int)image[1]), checked((int)image[2]), checked((int)image[3]),
        checked((int)pooling.Height), checked((int)pooling.Width))
    {
        StrideHeight = checked((int)pooling.Window.StrideHeight),
        StrideWidth = checked((int)pooling.Window.StrideWidth),
        PaddingTop = checked((int)pooling.Window.PadTop),
        PaddingBottom = checked((int)pooling.Window.PadBottom),
        PaddingLeft = checked((int)pooling.Window.PadLeft),
        PaddingRight = checked((int)pooling.Window.PadRight),
    };

    private sealed class Kernel(Pooling pooling, int inputs) : SimpleKernel
    {
        private protected override void Run(byte** operands, WorkerPool pool) =>
            pooling((float*)operands[0], (float*)operands[inputs - 1], (float*)operands[inputs], pool);
    }
}
