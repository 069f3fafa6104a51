using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

// Functions of one float32, one struct each; KernelTable says which operation each serves.
internal readonly struct NegateKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Negate(x);
}

internal readonly struct AbsKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Abs(x);
}

internal readonly struct SignKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        // A zero of either sign gives +0, and a NaN is passed on.
        TVec.Select(
            TVec.Or(TVec.LessThan(x, TVec.Zero), TVec.GreaterThan(x, TVec.Zero)),
            TVec.Or(TVec.And(x, TVec.Broadcast(-0f)), TVec.Broadcast(1f)),
            TVec.And(x, TVec.NotEqual(x, x)));
}

internal readonly struct SqrtKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Sqrt(x);
}

internal readonly struct FloorKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Floor(x);
}

internal readonly struct CeilingKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Ceiling(x);
}

internal readonly struct RoundKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Round(x);
}

internal readonly struct ReluKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Max(x, TVec.Zero);
}

internal readonly struct ExpKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Exp(x);
}

internal readonly struct Expm1Kernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Expm1(x);
}

internal readonly struct LogKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Log(x);
}

internal readonly struct Log1pKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Log1p(x);
}

internal readonly struct TanhKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Tanh(x);
}

internal readonly struct SigmoidKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Sigmoid(x);
}

internal readonly struct ErfKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Erf(x);
}

internal readonly struct SinKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Sin(x);
}

internal readonly struct CosKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Cos(x);
}

internal readonly struct AtanKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Atan(x);
}

internal readonly struct FloatToMaskKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.NotEqual(x, TVec.Zero);
}

internal readonly struct FloatToInt32Kernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.ConvertToInt32Bits(x);
}
