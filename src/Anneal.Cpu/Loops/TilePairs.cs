using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>outer(inner(a, b), c): two operations in one pass over a tile. Both round, so the bits are those of two passes.</summary>
internal readonly struct PairKernel<TInner, TOuter> : ITernaryKernel
    where TInner : struct, IBinaryKernel
    where TOuter : struct, IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b, TVec c)
        where TVec : unmanaged, ISimd<TVec> =>
        TOuter.Invoke(TInner.Invoke(a, b), c);
}

/// <summary>outer(c, inner(a, b)).</summary>
internal readonly struct SecondPairKernel<TInner, TOuter> : ITernaryKernel
    where TInner : struct, IBinaryKernel
    where TOuter : struct, IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b, TVec c)
        where TVec : unmanaged, ISimd<TVec> =>
        TOuter.Invoke(c, TInner.Invoke(a, b));
}

/// <summary>Joins neighbouring operations of a body that is to be interpreted, because there every step is a pass over memory.</summary>
internal static class TilePairs
{
    /// <summary>The same body with fewer steps.</summary>
    internal static VectorBody Join(VectorBody body)
    {
        int[] uses = CountUses(body);
        var isJoined = new bool[body.Steps.Length];
        VectorStep[] steps = [.. body.Steps];
        for (int i = 0; i < steps.Length; i++)
        {
            // The second argument is tried where the first does not serve.
            if (!TryJoin(steps, i, 0, uses, isJoined))
                TryJoin(steps, i, 1, uses, isJoined);
        }

        return Renumber(body, steps, isJoined);
    }

    private static bool TryJoin(VectorStep[] steps, int outer, int side, int[] uses, bool[] isJoined)
    {
        VectorStep step = steps[outer];
        if (step.Kernel is not { Arguments.Length: 2 } || step.Rate != Rate.Point)
            return false;
        int inner = step.Arguments[side];
        VectorStep first = steps[inner];
        bool fits = uses[inner] == 1 && first.Rate == Rate.Point && first.Kernel is { Arguments.Length: 2 };
        if (!fits || Find(first.Kernel!, step.Kernel, isSecond: side == 1) is not { } pair)
            return false;
        steps[outer] = step with { Kernel = pair, Arguments = [first.Arguments[0], first.Arguments[1], step.Arguments[1 - side]] };
        isJoined[inner] = true;
        return true;
    }

    private static int[] CountUses(VectorBody body)
    {
        var uses = new int[body.Steps.Length];
        foreach (VectorStep step in body.Steps)
        {
            foreach (int argument in step.Arguments)
                uses[argument]++;
        }

        // What is stored must be there by itself.
        foreach (VectorStore store in body.Stores)
            uses[store.Register] += 2;
        return uses;
    }

    private static VectorBody Renumber(VectorBody body, VectorStep[] steps, bool[] isJoined)
    {
        var numbers = new int[steps.Length];
        var kept = new List<VectorStep>();
        for (int i = 0; i < steps.Length; i++)
        {
            numbers[i] = kept.Count;
            if (!isJoined[i])
                kept.Add(steps[i] with { Arguments = [.. steps[i].Arguments.Select(a => numbers[a])] });
        }

        return new VectorBody
        {
            Steps = [.. kept],
            Stores = [.. body.Stores.Select(s => s with { Register = numbers[s.Register] })],
            OperandCount = body.OperandCount,
        };
    }

    private static KernelEntry? Find(KernelEntry inner, KernelEntry outer, bool isSecond) => inner switch
    {
        BinaryEntry<AddKernel> => Find<AddKernel>(outer, isSecond),
        BinaryEntry<SubtractKernel> => Find<SubtractKernel>(outer, isSecond),
        BinaryEntry<MultiplyKernel> => Find<MultiplyKernel>(outer, isSecond),
        _ => null,
    };

    private static KernelEntry? Find<TInner>(KernelEntry outer, bool isSecond)
        where TInner : struct, IBinaryKernel
    {
        var form = new KernelForm("Pair", [Lane.Float, Lane.Float, Lane.Float], outer.Result, outer.Cost + 1, null);
        return outer switch
        {
            BinaryEntry<AddKernel> => new TernaryEntry<PairKernel<TInner, AddKernel>>(form),
            BinaryEntry<MultiplyKernel> => new TernaryEntry<PairKernel<TInner, MultiplyKernel>>(form),
            BinaryEntry<MaximumKernel> => new TernaryEntry<PairKernel<TInner, MaximumKernel>>(form),
            BinaryEntry<SubtractKernel> when isSecond => new TernaryEntry<SecondPairKernel<TInner, SubtractKernel>>(form),
            BinaryEntry<SubtractKernel> => new TernaryEntry<PairKernel<TInner, SubtractKernel>>(form),
            BinaryEntry<DivideKernel> when isSecond => new TernaryEntry<SecondPairKernel<TInner, DivideKernel>>(form),
            BinaryEntry<DivideKernel> => new TernaryEntry<PairKernel<TInner, DivideKernel>>(form),
            _ => null,
        };
    }
}
