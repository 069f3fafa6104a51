using System.Diagnostics;
using Anneal.Execution;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>A kernel for a step of a plan, prepared for its shapes. Immutable; instances bind it to memory.</summary>
internal abstract unsafe class CpuKernel
{
    /// <summary>Memory that a run may use as it likes, shared with the other kernels of the program.</summary>
    internal abstract long ScratchBytes { get; }

    /// <summary>
    /// Binds the kernel to operands, which stay where they are: the step's inputs and outputs, then its epilogue's.
    /// </summary>
    internal abstract BoundKernel Bind(byte** operands);

    /// <summary>The same for a kernel that keeps values in its scratch memory, which is the same at every run.</summary>
    internal virtual BoundKernel Bind(byte** operands, byte* scratch) => Bind(operands);
}

/// <summary>A kernel with its operands.</summary>
internal abstract unsafe class BoundKernel
{
    internal abstract void Run(byte* scratch, WorkerPool pool);
}

/// <summary>A plan with a kernel for each step.</summary>
internal sealed class CpuExecutable : Executable
{
    private readonly Plan _plan;
    private readonly CpuDevice _device;
    private readonly CpuKernel[] _kernels;
    private readonly long _scratchBytes;

    internal CpuExecutable(Plan plan, CpuDevice device)
    {
        _plan = plan;
        _device = device;
        _kernels = plan.Steps.Select(s => KernelFactory.Make(s, device)).ToArray();
        _scratchBytes = _kernels.Length == 0 ? 0 : _kernels.Max(k => k.ScratchBytes);
    }

    internal override long ArenaBytes => _plan.ArenaBytes + _scratchBytes;

    internal override Instance CreateInstance(TensorData[] inputs, TensorData[] outputs) =>
        new CpuInstance(_plan, _kernels, _device.Pool, _scratchBytes, inputs, outputs);
}

/// <summary>The memory of one run at a time: an arena, scratch, and the operands of each kernel as pointers.</summary>
internal sealed unsafe class CpuInstance : Instance
{
    private readonly NativeBuffer _arena;
    private readonly NativeBuffer _scratch;
    private readonly NativeBuffer _pointers;
    private readonly BoundKernel[] _bound;
    private readonly WorkerPool _pool;

    // Keep alive what the pointers point to.
    private readonly TensorData[] _outside;

    internal CpuInstance(Plan plan, CpuKernel[] kernels, WorkerPool pool, long scratchBytes, TensorData[] inputs, TensorData[] outputs)
    {
        _pool = pool;
        _arena = new NativeBuffer(plan.ArenaBytes);
        _scratch = new NativeBuffer(scratchBytes);
        _outside = [.. inputs, .. outputs, .. plan.Buffers.Select(b => b.Variable?.Storage ?? b.Literal).OfType<TensorData>()];
        PlanBuffer[][] operands = plan.Steps.Select(Operands).ToArray();
        _pointers = new NativeBuffer(operands.Sum(o => o.Length) * sizeof(byte*));
        byte** next = (byte**)_pointers.Pointer;
        _bound = new BoundKernel[kernels.Length];
        for (int i = 0; i < kernels.Length; i++)
        {
            byte** first = next;
            foreach (PlanBuffer buffer in operands[i])
                *next++ = Address(buffer, inputs, outputs);
            _bound[i] = kernels[i].Bind(first, _scratch.Pointer);
        }
    }

    internal override void Run()
    {
        foreach (BoundKernel kernel in _bound)
            kernel.Run(_scratch.Pointer, _pool);
        GC.KeepAlive(_outside);
        GC.KeepAlive(this);
    }

    internal override void Run(Span<long> times)
    {
        for (int i = 0; i < _bound.Length; i++)
        {
            times[i] = Stopwatch.GetTimestamp();
            _bound[i].Run(_scratch.Pointer, _pool);
        }

        times[_bound.Length] = Stopwatch.GetTimestamp();
        GC.KeepAlive(_outside);
        GC.KeepAlive(this);
    }

    /// <summary>The memory of a step in the order of its kernel's operands.</summary>
    internal static PlanBuffer[] Operands(PlanStep step) => step is KernelStep kernel
        ? [.. kernel.Inputs, .. kernel.Outputs, .. kernel.EpilogueInputs, .. kernel.EpilogueOutputs]
        : [.. step.Inputs, .. step.Outputs];

    private byte* Address(PlanBuffer buffer, TensorData[] inputs, TensorData[] outputs) => buffer.Kind switch
    {
        BufferKind.Input => inputs[buffer.Index].Pointer,
        BufferKind.Output => outputs[buffer.Index].Pointer,
        BufferKind.Variable => buffer.Variable!.Storage.Pointer,
        BufferKind.Literal => buffer.Literal!.Pointer,
        _ => _arena.Pointer + buffer.Offset,
    };
}
