using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>How a <see cref="LoopKernel"/> is compiled.</summary>
internal sealed record LoopCompilation
{
    /// <summary>The choice for this process: all hardware threads, the widest vectors, dynamic code where the runtime has it.</summary>
    internal static LoopCompilation Default { get; } = new();

    /// <summary>Compile the body to machine code; else it is interpreted tile by tile, with the same bits.</summary>
    internal bool DynamicCode { get; init; } = RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>The vectors to use; must be supported by the processor.</summary>
    internal InstructionSet InstructionSet { get; init; } = InstructionSets.Best;

    /// <summary>The largest number of parts into which a run is cut. No result depends on it.</summary>
    internal int MaximumParts { get; init; } = Environment.ProcessorCount;

    /// <summary>The estimated work, in elementary operations, that is worth a thread.</summary>
    internal long WorkOfPart { get; init; } = 32_768;

    /// <summary>Keep the two dimensions [rows, columns] as they are, so that <see cref="LoopKernel.RunBlock"/> can be used.</summary>
    internal bool KeepMatrix { get; init; }
}
