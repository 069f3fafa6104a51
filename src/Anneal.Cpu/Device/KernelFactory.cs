using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>Finds a kernel for each step of a plan: the one table of what this device can do.</summary>
internal static class KernelFactory
{
    private static readonly Dictionary<Type, Func<KernelRequest, CpuKernel?>> Makers = new()
    {
        [typeof(MatMul)] = ProductKernels.MatMul,
        [typeof(Convolve)] = ProductKernels.Convolve,
        [typeof(ConvolveInputGradient)] = ProductKernels.ConvolveInputGradient,
        [typeof(ConvolveWeightGradient)] = ProductKernels.ConvolveWeightGradient,
        [typeof(MaxPool)] = PoolingKernels.MaxPool,
        [typeof(MaxPoolGradient)] = PoolingKernels.MaxPoolGradient,
        [typeof(MaxPoolSelect)] = PoolingKernels.MaxPoolSelect,
        [typeof(AveragePool)] = PoolingKernels.AveragePool,
        [typeof(AveragePoolGradient)] = PoolingKernels.AveragePoolGradient,
        [typeof(After)] = r => new AfterKernel(r.Node.Outputs[0].Type.ByteCount),
        [typeof(Pad)] = r => new PadKernel(r.Node),
        [typeof(Concat)] = r => new ConcatKernel(r.Node),
        [typeof(Iota)] = r => new IotaKernel(r.Node),
        [typeof(ArgMax)] = ArgMaxKernel.Make,
        [typeof(ArgSort)] = ArgSortKernel.Make,
        [typeof(CumulativeSum)] = CumulativeSumKernel.Make,
        [typeof(Gather)] = r => new GatherKernel(r.Node),
        [typeof(ScatterAdd)] = ScatterAddKernel.Make,
        [typeof(GatherAlong)] = r => new GatherAlongKernel(r.Node),
        [typeof(ScatterAddAlong)] = ScatterAddKernel.MakeAlong,
        [typeof(CacheWrite)] = r => new CacheWriteKernel(r.Node),
        [typeof(CachedAttention)] = CachedAttentionKernel.Make,
        [typeof(Ctc)] = CtcKernel.Make,
        [typeof(CtcGradient)] = CtcKernel.Make,
        [typeof(RandomUniform)] = r => new RandomUniformKernel(r.Node),
        [typeof(Scan)] = r => new ScanKernel(r),
    };

    /// <exception cref="DeviceException">There is no kernel; the message names the operation, its types and its origin.</exception>
    internal static CpuKernel Make(PlanStep step, CpuDevice device) => step switch
    {
        LoopStep loop => new LoopKernelAdapter(LoopKernel.Compile(loop.Loop, device.Compilation)),
        CopyStep copy => new CopyKernel(copy.From.ByteCount),
        KernelStep kernel => Make(kernel, device),
        _ => throw new DeviceException($"The processor has no kernel for a {step.GetType().Name}."),
    };

    internal static bool Has(Type op) => Makers.ContainsKey(op);

    private static CpuKernel Make(KernelStep step, CpuDevice device)
    {
        Node node = step.Kernel;
        var request = new KernelRequest(node, step.Epilogue, device);
        if (Makers.TryGetValue(node.Op.GetType(), out Func<KernelRequest, CpuKernel?>? make) && make(request) is { } kernel)
            return kernel;
        if (ReferenceKernel.Fits(node))
            return new ReferenceKernel(node);
        string where = node.Origin.ToString();
        throw new DeviceException(
            $"The processor has no kernel for {node.Op.Name} of {string.Join(", ", node.Inputs.Select(i => i.Type))}."
            + (where.Length == 0 ? "" : $" At {where}.") + " Hint: use float32.");
    }
}

/// <summary>What a kernel is asked to be.</summary>
/// <param name="Node">The node to compute.</param>
/// <param name="Epilogue">The loop that finishes blocks of its result; only for the operations that <see cref="CpuDevice.CanFuseEpilogue"/> names.</param>
/// <param name="Device">The device.</param>
internal sealed record KernelRequest(Node Node, Loop? Epilogue, CpuDevice Device)
{
    internal int Threads => Device.Pool.ThreadCount;

    internal bool IsFloat32 => Node.Outputs[0].DType == DType.Float32;
}

/// <summary>A fused loop as a step.</summary>
internal sealed unsafe class LoopKernelAdapter(LoopKernel kernel) : CpuKernel
{
    internal override long ScratchBytes => kernel.ScratchBytes;

    internal override BoundKernel Bind(byte** operands) => new Bound(kernel, operands);

    private sealed class Bound(LoopKernel kernel, byte** operands) : BoundKernel
    {
        internal override void Run(byte* scratch, WorkerPool pool) => kernel.Run(operands, scratch, pool);
    }
}

/// <summary>The work of a step that needs nothing but its operands' addresses.</summary>
internal abstract unsafe class SimpleKernel : CpuKernel
{
    internal override long ScratchBytes => 0;

    internal sealed override BoundKernel Bind(byte** operands) => new Bound(this, operands);

    private protected abstract void Run(byte** operands, WorkerPool pool);

    private sealed class Bound(SimpleKernel kernel, byte** operands) : BoundKernel
    {
        internal override void Run(byte* scratch, WorkerPool pool) => kernel.Run(operands, pool);
    }
}

/// <summary>Copies the first of two operands.</summary>
internal sealed unsafe class AfterKernel(long byteCount) : SimpleKernel
{
    private protected override void Run(byte** operands, WorkerPool pool) =>
        Buffer.MemoryCopy(operands[0], operands[2], byteCount, byteCount);
}

/// <summary>Copies bytes.</summary>
internal sealed unsafe class CopyKernel(long byteCount) : SimpleKernel
{
    private protected override void Run(byte** operands, WorkerPool pool) =>
        Buffer.MemoryCopy(operands[0], operands[1], byteCount, byteCount);
}
