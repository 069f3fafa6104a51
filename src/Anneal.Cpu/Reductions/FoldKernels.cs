using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>A way to fold float32 values two at a time.</summary>
internal interface IFoldKernel : IBinaryKernel
{
    /// <summary>The value of an empty fold, which changes no other.</summary>
    static abstract float Identity { get; }
}

/// <summary>The sum.</summary>
internal readonly struct SumFold : IFoldKernel
{
    public static float Identity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Add(a, b);
}

/// <summary>The product.</summary>
internal readonly struct ProductFold : IFoldKernel
{
    public static float Identity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Multiply(a, b);
}

/// <summary>The largest value; a NaN wins.</summary>
internal readonly struct MaximumFold : IFoldKernel
{
    public static float Identity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => float.NegativeInfinity;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Max(a, b);
}

/// <summary>The smallest value; a NaN wins.</summary>
internal readonly struct MinimumFold : IFoldKernel
{
    public static float Identity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => float.PositiveInfinity;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Min(a, b);
}
