namespace Anneal.Cpu;

/// <summary>A kernel that can arrange one of its operands in advance: worth it where the operand stays the same over many runs.</summary>
internal unsafe interface IArrangingKernel
{
    /// <summary>Which operand.</summary>
    int ArrangedOperand { get; }

    /// <summary>The memory of the arranged operand; 0 where the kernel cannot arrange it.</summary>
    long ArrangedBytes { get; }

    /// <summary>Binds what arranges the operand.</summary>
    /// <param name="operands">The operand and <see cref="ArrangedBytes"/> of memory for it, aligned to 64 bytes.</param>
    BoundKernel BindArrangement(byte** operands);

    /// <summary>As <see cref="CpuKernel.Bind(byte**)"/>, with the operand arranged.</summary>
    BoundKernel BindArranged(byte** operands);
}
