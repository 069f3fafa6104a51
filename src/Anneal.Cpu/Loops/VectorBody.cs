using System.Globalization;
using System.Text;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>How often the value of a register changes.</summary>
internal enum Rate
{
    /// <summary>Once a call: constants and what follows from them.</summary>
    Call,

    /// <summary>Once a row.</summary>
    Row,

    /// <summary>At every point.</summary>
    Point,
}

/// <summary>One step of a <see cref="VectorBody"/>: step i defines register i.</summary>
internal sealed record VectorStep(LoopInstructionKind Kind, Lane Lane, Rate Rate)
{
    /// <summary>The operand that is loaded.</summary>
    internal int Operand { get; init; }

    /// <summary>The bits of a constant.</summary>
    internal int Bits { get; init; }

    internal KernelEntry? Kernel { get; init; }

    internal int[] Arguments { get; init; } = [];
}

/// <summary>A register kept in memory at every point.</summary>
internal readonly record struct VectorStore(int Register, int Operand);

/// <summary>
/// The body of a loop in terms of vector registers: constants, loads with their conversion, kernels, stores. Operands are numbered as
/// in the loop: inputs, then outputs. Along the columns an operand either repeats one element or is contiguous.
/// </summary>
internal sealed class VectorBody
{
    internal required VectorStep[] Steps { get; init; }

    internal required VectorStore[] Stores { get; init; }

    internal required int OperandCount { get; init; }

    /// <summary>The estimated time for one point, in additions; a load or store counts as one.</summary>
    internal int Cost => Steps.Sum(s => s.Kernel?.Cost ?? (s.Kind == LoopInstructionKind.Load ? 1 : 0)) + Stores.Length;

    /// <summary>A text that two bodies share exactly when the same compiled code serves both.</summary>
    internal string Print()
    {
        var text = new StringBuilder();
        foreach (VectorStep step in Steps)
        {
            string what = step.Kind switch
            {
                LoopInstructionKind.Load => "load " + step.Operand.ToString(CultureInfo.InvariantCulture),
                LoopInstructionKind.Constant => step.Bits.ToString("x8", CultureInfo.InvariantCulture),
                _ => $"{step.Kernel!.Name}({string.Join(',', step.Arguments)})",
            };
            text.Append(CultureInfo.InvariantCulture, $"{step.Lane} {step.Rate} {what}\n");
        }

        foreach (VectorStore store in Stores)
            text.Append(CultureInfo.InvariantCulture, $"store {store.Register} {store.Operand}\n");
        return text.ToString();
    }
}
