using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

// Functions of int32, which wrap around, and of bytes.

/// <summary>Bytes are held as the equal floats, so the compiled body does nothing here.</summary>
internal readonly struct IdentityKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        x;
}

internal readonly struct Int32NegateKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.SubtractInt32(TVec.Zero, x);
}

internal readonly struct Int32AbsKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.SubtractInt32(TVec.Xor(x, TVec.ShiftRightArithmeticInt32(x, 31)), TVec.ShiftRightArithmeticInt32(x, 31));
}

internal readonly struct Int32ToFloatKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.ConvertFromInt32Bits(x);
}

internal readonly struct Int32ToMaskKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Not(TVec.EqualInt32(x, TVec.Zero));
}

internal readonly struct Int32AddKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.AddInt32(a, b);
}

internal readonly struct Int32SubtractKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.SubtractInt32(a, b);
}

internal readonly struct Int32MultiplyKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.MultiplyInt32(a, b);
}

internal readonly struct Int32MaximumKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Select(TVec.GreaterThanInt32(a, b), a, b);
}

internal readonly struct Int32MinimumKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Select(TVec.GreaterThanInt32(a, b), b, a);
}

internal readonly struct Int32EqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.EqualInt32(a, b);
}

internal readonly struct Int32NotEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Not(TVec.EqualInt32(a, b));
}

internal readonly struct Int32LessKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.GreaterThanInt32(b, a);
}

internal readonly struct Int32LessOrEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Not(TVec.GreaterThanInt32(a, b));
}

internal readonly struct Int32GreaterKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.GreaterThanInt32(a, b);
}

internal readonly struct Int32GreaterOrEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Not(TVec.GreaterThanInt32(b, a));
}

/// <summary>The nearest bfloat16, ties to even, held as a float; a NaN stays one.</summary>
internal readonly struct RoundToBFloat16Kernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec odd = TVec.And(TVec.ShiftRightLogicalInt32(x, 16), TVec.BroadcastBits(1));
        TVec rounded = TVec.AddInt32(TVec.AddInt32(x, TVec.BroadcastBits(0x7FFF)), odd);
        TVec bits = TVec.Select(TVec.Equal(x, x), rounded, TVec.Or(x, TVec.BroadcastBits(0x400000)));
        return TVec.And(bits, TVec.BroadcastBits(unchecked((int)0xFFFF0000)));
    }
}
