using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>
/// Runs a scan. The body is planned and its kernels are made once; binding makes one instance of them for each step, whose operands are
/// the step's places in sequences, stacked outputs and carries. So a run is one flat list of prepared kernels, and nothing is copied that
/// need not be.
/// </summary>
internal sealed unsafe class ScanKernel : CpuKernel
{
    private readonly ScanLayout _layout;
    private readonly Plan _plan;
    private readonly CpuKernel[] _kernels;
    private readonly PlanBuffer[][] _operands;

    // For each kernel that is given an operand arranged before the first step, the place of that in scratch memory; -1 for the others.
    private readonly long[] _arranged;
    private readonly long _kernelScratch;

    internal ScanKernel(KernelRequest request)
    {
        _layout = new ScanLayout((Scan)request.Node.Op);
        _plan = Planner.Plan(request.Device.Lower(_layout.Body), request.Device.CanFuseEpilogue);
        _kernels = [.. _plan.Steps.Select(s => KernelFactory.Make(s, request.Device))];
        _operands = [.. _plan.Steps.Select(CpuInstance.Operands)];
        _arranged = new long[_kernels.Length];
        _kernelScratch = Padded(_plan.ArenaBytes) + _layout.CarryBytes;
        for (int i = 0; i < _kernels.Length; i++)
        {
            _arranged[i] = IsWorthArranging(i) ? _kernelScratch : -1;
            if (_arranged[i] >= 0)
                _kernelScratch += Padded(((IArrangingKernel)_kernels[i]).ArrangedBytes);
        }
    }

    /// <summary>The body's arena, the carries, and what its kernels need.</summary>
    internal override long ScratchBytes => _kernelScratch + (_kernels.Length == 0 ? 0 : _kernels.Max(k => k.ScratchBytes));

    internal override BoundKernel Bind(byte** operands) => throw new NotSupportedException("The steps of a scan are bound to scratch memory too.");

    internal override BoundKernel Bind(byte** operands, byte* scratch)
    {
        long steps = _layout.Scan.Length;
        var places = new ScanPlaces(_layout, operands, scratch + Padded(_plan.ArenaBytes));
        var bound = new List<BoundKernel>();
        var pointers = new PointerList((steps * _operands.Sum(o => o.Length)) + (4 * _layout.Scan.CarryCount) + (2 * _kernels.Length));
        foreach (ScanCopy copy in places.Before())
            bound.Add(new CopyKernel(copy.ByteCount).Bind(pointers.Add(copy.From, copy.To)));
        for (int i = 0; i < _kernels.Length; i++)
        {
            if (_arranged[i] >= 0 && _kernels[i] is IArrangingKernel kernel)
                bound.Add(kernel.BindArrangement(pointers.Add(places.Input(_operands[i][kernel.ArrangedOperand].Index, 0), scratch + _arranged[i])));
        }

        for (long step = 0; step < steps; step++)
        {
            for (int i = 0; i < _kernels.Length; i++)
            {
                byte** first = pointers.Next;
                foreach (PlanBuffer buffer in _operands[i])
                    pointers.Add(Address(buffer, places, scratch, step));
                bound.Add(BindStep(i, first, scratch));
            }
        }

        foreach (ScanCopy copy in places.After())
            bound.Add(new CopyKernel(copy.ByteCount).Bind(pointers.Add(copy.From, copy.To)));
        return new Bound([.. bound], pointers, _kernelScratch);
    }

    private BoundKernel BindStep(int kernel, byte** operands, byte* scratch)
    {
        if (_arranged[kernel] < 0)
            return _kernels[kernel].Bind(operands, scratch + _kernelScratch);
        var arranging = (IArrangingKernel)_kernels[kernel];
        operands[arranging.ArrangedOperand] = scratch + _arranged[kernel];
        return arranging.BindArranged(operands);
    }

    /// <summary>Whether a kernel can arrange an operand, and that is the same at every step.</summary>
    private bool IsWorthArranging(int kernel)
    {
        if (_kernels[kernel] is not IArrangingKernel { ArrangedBytes: > 0 } arranging || _layout.Scan.Length < 2)
            return false;
        PlanBuffer operand = _operands[kernel][arranging.ArrangedOperand];
        return operand.Kind == BufferKind.Input && operand.Index >= _layout.Scan.CarryCount + _layout.Scan.SequenceCount;
    }

    private static long Padded(long bytes) => (bytes + (2 * MemoryPlan.Alignment) - 1) / MemoryPlan.Alignment * MemoryPlan.Alignment;

    private static byte* Address(PlanBuffer buffer, ScanPlaces places, byte* arena, long step) => buffer.Kind switch
    {
        BufferKind.Input => places.Input(buffer.Index, step),
        BufferKind.Output => places.Output(buffer.Index, step),
        BufferKind.Arena => arena + buffer.Offset,
        _ => throw new DeviceException($"The body of a scan cannot use a {buffer.Kind.ToString().ToLowerInvariant()}."),
    };

    private sealed class Bound(BoundKernel[] kernels, PointerList pointers, long kernelScratch) : BoundKernel
    {
        internal override void Run(byte* scratch, WorkerPool pool)
        {
            foreach (BoundKernel kernel in kernels)
                kernel.Run(scratch + kernelScratch, pool);
            GC.KeepAlive(pointers);
        }
    }

    /// <summary>The operands of all steps, one after another.</summary>
    private sealed class PointerList(long capacity)
    {
        private readonly NativeBuffer _memory = new(capacity * sizeof(byte*));
        private long _count;

        internal byte** Next => (byte**)_memory.Pointer + _count;

        internal void Add(byte* pointer)
        {
            *Next = pointer;
            _count++;
        }

        internal byte** Add(byte* from, byte* to)
        {
            byte** first = Next;
            Add(from);
            Add(to);
            return first;
        }
    }
}
