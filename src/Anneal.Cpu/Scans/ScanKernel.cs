using Anneal.Graphs;
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

    internal ScanKernel(KernelRequest request)
    {
        _layout = new ScanLayout((Scan)request.Node.Op);
        _plan = Planner.Plan(request.Device.Lower(_layout.Body), request.Device.CanFuseEpilogue);
        _kernels = [.. _plan.Steps.Select(s => KernelFactory.Make(s, request.Device))];
        _operands = [.. _plan.Steps.Select(CpuInstance.Operands)];
    }

    /// <summary>The body's arena, the carries, and what its kernels need.</summary>
    internal override long ScratchBytes => KernelScratch + (_kernels.Length == 0 ? 0 : _kernels.Max(k => k.ScratchBytes));

    private long KernelScratch => Padded(_plan.ArenaBytes) + _layout.CarryBytes;

    internal override BoundKernel Bind(byte** operands) => throw new NotSupportedException("The steps of a scan are bound to scratch memory too.");

    internal override BoundKernel Bind(byte** operands, byte* scratch)
    {
        long steps = _layout.Scan.Length;
        var places = new ScanPlaces(_layout, operands, scratch + Padded(_plan.ArenaBytes));
        var bound = new List<BoundKernel>();
        var pointers = new PointerList((steps * _operands.Sum(o => o.Length)) + (4 * _layout.Scan.CarryCount));
        foreach (ScanCopy copy in places.Before())
            bound.Add(new CopyKernel(copy.ByteCount).Bind(pointers.Add(copy.From, copy.To)));
        for (long step = 0; step < steps; step++)
        {
            for (int i = 0; i < _kernels.Length; i++)
            {
                byte** first = pointers.Next;
                foreach (PlanBuffer buffer in _operands[i])
                    pointers.Add(Address(buffer, places, scratch, step));
                bound.Add(_kernels[i].Bind(first, scratch + KernelScratch));
            }
        }

        foreach (ScanCopy copy in places.After())
            bound.Add(new CopyKernel(copy.ByteCount).Bind(pointers.Add(copy.From, copy.To)));
        return new Bound([.. bound], pointers, KernelScratch);
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
