using System.Runtime.CompilerServices;
using Anneal.Graphs;
using Anneal.Planning;

namespace Anneal.Execution;

/// <summary>
/// Where programs run. This file is the whole contract: describe, compile a plan, run it. Memory of programs belongs to the device's
/// <see cref="Instance"/>s; variables, inputs and outputs are exchanged as <see cref="TensorData"/>.
/// </summary>
public abstract class Device
{
    private static Device? _default;

    private protected Device()
    {
    }

    /// <summary>The device of programs that name none.</summary>
    public static Device Default
    {
        get => _default ?? Find();
        set => _default = value;
    }

    internal static bool HasDefault => _default is not null;

    /// <summary>
    /// Anneal registers the processor when it is loaded, but the runtime loads an assembly only when a type of it is used, and a program
    /// may use nothing but tensors. So it is loaded here, by a name that trimming understands.
    /// </summary>
    private static Device Find()
    {
        if (Type.GetType("Anneal.DefaultDevice, Anneal", throwOnError: false) is { } registration)
            RuntimeHelpers.RunModuleConstructor(registration.Module.ModuleHandle);
        return _default ?? throw new DeviceException("No device is registered. Hint: reference Anneal, which registers the processor, or set Device.Default.");
    }

    /// <summary>The name and what it can do, such as <c>cpu (avx-512, 2 threads)</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Makes kernels for each step of a plan.</summary>
    /// <exception cref="DeviceException">There is no kernel for a step.</exception>
    internal abstract Executable Compile(Plan plan);

    /// <summary>Rewrites a graph, after all passes, into operations and types for which the device has kernels.</summary>
    internal virtual Graph Lower(Graph graph) => graph;

    /// <summary>What the machine can do at most with this device's threads. The first call measures it, which takes up to a second.</summary>
    public virtual MachinePeak MeasurePeak() => new(0, 0);

    /// <summary>Whether a kernel for this operation can finish each block of its result with a fused loop.</summary>
    internal virtual bool CanFuseEpilogue(Op op, DType dtype) => false;
}

/// <summary>A plan with its kernels: immutable, and safe to use from several threads.</summary>
internal abstract class Executable
{
    /// <summary>The bytes of an instance's arena: the plan's values and the kernels' scratch memory.</summary>
    internal abstract long ArenaBytes { get; }

    /// <summary>Makes memory for one run at a time.</summary>
    /// <param name="inputs">Where each input of the graph is read, at every run.</param>
    /// <param name="outputs">Where each output of the graph is written, at every run.</param>
    internal abstract Instance CreateInstance(TensorData[] inputs, TensorData[] outputs);
}

/// <summary>An executable with memory of its own: one run at a time.</summary>
internal abstract class Instance
{
    /// <summary>Runs all steps and waits for the end. Allocates nothing.</summary>
    internal abstract void Run();

    /// <summary>The same with the clock read before each step and after the last, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    internal abstract void Run(Span<long> times);
}
