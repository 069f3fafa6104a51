namespace Anneal.Cpu;

/// <summary>
/// Runs the body of a loop on a box of points. Immutable: any number of threads may run one body at the same time, each with scratch
/// of its own.
/// </summary>
internal abstract unsafe class LoopBody
{
    /// <summary>The memory that a call needs for itself.</summary>
    internal virtual long ScratchBytes => 0;

    /// <summary>Runs <paramref name="rows"/> times <paramref name="columns"/> points.</summary>
    /// <param name="operands">The address of each operand at the first point.</param>
    /// <param name="rowStrides">The bytes from a row to the next, for each operand.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="columns">How many columns.</param>
    /// <param name="scratch"><see cref="ScratchBytes"/>, aligned to 64 bytes.</param>
    internal abstract void Run(byte** operands, long* rowStrides, long rows, long columns, byte* scratch);
}

/// <summary>The signature of bodies that are compiled to machine code.</summary>
internal unsafe delegate void CompiledLoop(byte** operands, long* rowStrides, long rows, long columns);

/// <summary>A body in machine code.</summary>
internal sealed unsafe class CompiledBody(CompiledLoop code) : LoopBody
{
    internal override void Run(byte** operands, long* rowStrides, long rows, long columns, byte* scratch) =>
        code(operands, rowStrides, rows, columns);
}
