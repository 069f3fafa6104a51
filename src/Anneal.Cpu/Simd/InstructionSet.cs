using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Anneal.Cpu;

/// <summary>The widest vector that this process should use for arithmetic.</summary>
internal enum InstructionSet
{
    Vector128,
    Vector256,
    Vector512,
}

/// <summary>Picks the instruction set once for the process.</summary>
internal static class InstructionSets
{
    internal static InstructionSet Best { get; } =
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? InstructionSet.Vector512
        : Vector256.IsHardwareAccelerated && Avx2.IsSupported && Fma.IsSupported ? InstructionSet.Vector256
        : InstructionSet.Vector128;
}
