using System.Reflection;
using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>The operands of one vector operation on a tile. A step is the distance in floats between vectors; 0 repeats one.</summary>
internal unsafe struct TileCall
{
    internal float* Target;
    internal float* A;
    internal float* B;
    internal float* C;
    internal nint StepA;
    internal nint StepB;
    internal nint StepC;
    internal nint Count;
}

/// <summary>What is known of a kernel before it is loaded.</summary>
/// <param name="Name">Unique among the entries of <see cref="KernelTable"/>.</param>
/// <param name="Arguments">The lanes that it takes.</param>
/// <param name="Result">The lane that it gives.</param>
/// <param name="Cost">The time for a vector, in additions.</param>
/// <param name="Shortcut">The one instruction that is all of the kernel, if it is no more.</param>
internal sealed record KernelForm(string Name, Lane[] Arguments, Lane Result, int Cost, Shortcut? Shortcut);

/// <summary>
/// One vector operation in the two forms in which loops use it: a method that compiled bodies call and the compiler inlines, and a
/// prepared function over tiles. Both run the same struct, so they give the same bits.
/// </summary>
internal abstract unsafe class KernelEntry(KernelForm form)
{
    /// <summary>From this cost on a kernel is called, not inlined.</summary>
    protected const int LongCost = 8;

    internal string Name => form.Name;

    internal Lane[] Arguments => form.Arguments;

    internal Lane Result => form.Result;

    internal int Cost => form.Cost;

    internal Shortcut? Shortcut => form.Shortcut;

    /// <summary>Whether compiled bodies call <see cref="Block"/>: the kernel is too long to be inlined wherever it occurs.</summary>
    internal virtual bool IsLong => false;

    internal abstract MethodInfo Method(InstructionSet set);

    /// <summary>The function over a block of a multiple of a vector, in place in the first argument.</summary>
    internal virtual MethodInfo Block(InstructionSet set) => throw new NotSupportedException();

    internal abstract delegate*<TileCall*, void> Tile(InstructionSet set);
}

/// <summary>A <see cref="KernelEntry"/> for a function of one register.</summary>
internal sealed unsafe class UnaryEntry<TKernel>(KernelForm form) : KernelEntry(form)
    where TKernel : struct, IUnaryKernel
{
    private delegate void BlockFunction(float* a, int count);

    internal override MethodInfo Method(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => new Func<V512, V512>(TKernel.Invoke).Method,
        InstructionSet.Vector256 => new Func<V256, V256>(TKernel.Invoke).Method,
        _ => new Func<V128, V128>(TKernel.Invoke).Method,
    };

    internal override delegate*<TileCall*, void> Tile(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => &Run<V512>,
        InstructionSet.Vector256 => &Run<V256>,
        _ => &Run<V128>,
    };

    internal override bool IsLong => Cost >= LongCost;

    internal override MethodInfo Block(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => new BlockFunction(RunBlock<V512>).Method,
        InstructionSet.Vector256 => new BlockFunction(RunBlock<V256>).Method,
        _ => new BlockFunction(RunBlock<V128>).Method,
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void RunBlock<TVec>(float* a, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        for (int i = 0; i < count; i += TVec.Count)
            TVec.Store(a + i, TKernel.Invoke(TVec.Load(a + i)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TVec>(TileCall* call)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* target = call->Target, a = call->A;
        nint count = call->Count, i = 0;
        for (; i <= count - TVec.Count; i += TVec.Count)
            TVec.Store(target + i, TKernel.Invoke(TVec.Load(a + i)));
        if (i < count)
            TVec.StorePartial(target + i, TKernel.Invoke(TVec.LoadPartial(a + i, (int)(count - i))), (int)(count - i));
    }
}

/// <summary>A <see cref="KernelEntry"/> for a function of two registers.</summary>
internal sealed unsafe class BinaryEntry<TKernel>(KernelForm form) : KernelEntry(form)
    where TKernel : struct, IBinaryKernel
{
    private delegate void BlockFunction(float* a, float* b, int count);

    internal override MethodInfo Method(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => new Func<V512, V512, V512>(TKernel.Invoke).Method,
        InstructionSet.Vector256 => new Func<V256, V256, V256>(TKernel.Invoke).Method,
        _ => new Func<V128, V128, V128>(TKernel.Invoke).Method,
    };

    internal override delegate*<TileCall*, void> Tile(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => &Run<V512>,
        InstructionSet.Vector256 => &Run<V256>,
        _ => &Run<V128>,
    };

    internal override bool IsLong => Cost >= LongCost;

    internal override MethodInfo Block(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => new BlockFunction(RunBlock<V512>).Method,
        InstructionSet.Vector256 => new BlockFunction(RunBlock<V256>).Method,
        _ => new BlockFunction(RunBlock<V128>).Method,
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void RunBlock<TVec>(float* a, float* b, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        for (int i = 0; i < count; i += TVec.Count)
            TVec.Store(a + i, TKernel.Invoke(TVec.Load(a + i), TVec.Load(b + i)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TVec>(TileCall* call)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* target = call->Target, a = call->A, b = call->B;
        nint count = call->Count, stepA = call->StepA, stepB = call->StepB, i = 0;
        for (; i <= count - TVec.Count; i += TVec.Count)
        {
            TVec.Store(target + i, TKernel.Invoke(TVec.Load(a), TVec.Load(b)));
            a += stepA;
            b += stepB;
        }

        int rest = (int)(count - i);
        if (rest > 0)
            TVec.StorePartial(target + i, TKernel.Invoke(TVec.LoadPartial(a, rest), TVec.LoadPartial(b, rest)), rest);
    }
}

/// <summary>A <see cref="KernelEntry"/> for a function of three registers.</summary>
internal sealed unsafe class TernaryEntry<TKernel>(KernelForm form) : KernelEntry(form)
    where TKernel : struct, ITernaryKernel
{
    internal override MethodInfo Method(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => new Func<V512, V512, V512, V512>(TKernel.Invoke).Method,
        InstructionSet.Vector256 => new Func<V256, V256, V256, V256>(TKernel.Invoke).Method,
        _ => new Func<V128, V128, V128, V128>(TKernel.Invoke).Method,
    };

    internal override delegate*<TileCall*, void> Tile(InstructionSet set) => set switch
    {
        InstructionSet.Vector512 => &Run<V512>,
        InstructionSet.Vector256 => &Run<V256>,
        _ => &Run<V128>,
    };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TVec>(TileCall* call)
        where TVec : unmanaged, ISimd<TVec>
    {
        float* target = call->Target, a = call->A, b = call->B, c = call->C;
        nint count = call->Count, stepA = call->StepA, stepB = call->StepB, stepC = call->StepC, i = 0;
        for (; i <= count - TVec.Count; i += TVec.Count)
        {
            TVec.Store(target + i, TKernel.Invoke(TVec.Load(a), TVec.Load(b), TVec.Load(c)));
            a += stepA;
            b += stepB;
            c += stepC;
        }

        int rest = (int)(count - i);
        if (rest > 0)
        {
            TVec value = TKernel.Invoke(TVec.LoadPartial(a, rest), TVec.LoadPartial(b, rest), TVec.LoadPartial(c, rest));
            TVec.StorePartial(target + i, value, rest);
        }
    }
}
