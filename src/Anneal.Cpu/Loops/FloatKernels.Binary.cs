using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

// Functions of two float32; comparisons give masks.
internal readonly struct AddKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Add(a, b);
}

internal readonly struct SubtractKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Subtract(a, b);
}

internal readonly struct MultiplyKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Multiply(a, b);
}

internal readonly struct DivideKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Divide(a, b);
}

internal readonly struct PowerKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        SimdMath.Pow(a, b);
}

internal readonly struct MaximumKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Max(a, b);
}

internal readonly struct MinimumKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Min(a, b);
}

internal readonly struct EqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Equal(a, b);
}

internal readonly struct NotEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.NotEqual(a, b);
}

internal readonly struct LessKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.LessThan(a, b);
}

internal readonly struct LessOrEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.LessThanOrEqual(a, b);
}

internal readonly struct GreaterKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.GreaterThan(a, b);
}

internal readonly struct GreaterOrEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.GreaterThanOrEqual(a, b);
}
