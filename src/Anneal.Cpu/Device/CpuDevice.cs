using System.Globalization;
using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>How the processor is used.</summary>
public sealed record CpuOptions
{
    /// <summary>How many threads work on a step; 0 takes <c>ANNEAL_THREADS</c> where it is set, else one for each core. Results do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Whether loops are compiled when a program is; null where the runtime can. Without, they run tile by tile: the same bits, somewhat
    /// slower.
    /// </summary>
    public bool? CompileLoops { get; init; }
}

/// <summary>The device for processors: AVX-512, AVX2 with fused multiply-add, or 128-bit vectors, whichever the machine has.</summary>
public sealed class CpuDevice : Device
{
    private MachinePeak? _peak;

    /// <summary>Makes a device.</summary>
    /// <exception cref="OptionException">The number of threads is negative.</exception>
    public CpuDevice(CpuOptions? options = null)
    {
        options ??= new CpuOptions();
        if (options.Threads < 0)
            throw new OptionException($"{nameof(CpuOptions.Threads)} must be at least 0, not {options.Threads}.");
        Pool = options.Threads == 0 ? WorkerPool.Shared : new WorkerPool(options.Threads);
        Compilation = new LoopCompilation { MaximumParts = Pool.ThreadCount };
        if (options.CompileLoops is { } compile)
            Compilation = Compilation with { DynamicCode = compile };
    }

    internal WorkerPool Pool { get; }

    internal LoopCompilation Compilation { get; }

    /// <inheritdoc/>
    public override string Name => string.Create(
        CultureInfo.InvariantCulture, $"cpu ({InstructionSets.Best}, {Pool.ThreadCount} threads{(Compilation.DynamicCode ? "" : ", tiles")})");

    /// <inheritdoc/>
    public override MachinePeak MeasurePeak() => _peak ??= new MachinePeak(MeasureArithmetic(), PeakMeter.Bytes(Pool));

    /// <summary>Multiply-adds alone, in operations a second: takes no memory.</summary>
    internal double MeasureArithmetic() => PeakMeter.Operations(Pool);

    internal override bool CanFuseEpilogue(Op op, DType dtype) => dtype == DType.Float32 && op is MatMul or Convolve or ConvolveInputGradient;

    internal override Graph Lower(Graph graph) => WidenHalves.Run(graph);

    internal override Executable Compile(Plan plan) => new CpuExecutable(plan, this);
}
