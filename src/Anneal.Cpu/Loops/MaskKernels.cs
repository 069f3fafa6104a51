using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

// Functions of truth values, which are held as lanes of all bits or none; false is less than true.
internal readonly struct MaskNotKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Not(x);
}

internal readonly struct MaskToFloatKernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.And(x, TVec.Broadcast(1f));
}

internal readonly struct MaskToInt32Kernel : IUnaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.And(x, TVec.BroadcastBits(1));
}

internal readonly struct MaskAndKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.And(a, b);
}

internal readonly struct MaskOrKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Or(a, b);
}

internal readonly struct MaskEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Not(TVec.Xor(a, b));
}

internal readonly struct MaskNotEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Xor(a, b);
}

internal readonly struct MaskLessKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.AndNot(b, a);
}

internal readonly struct MaskLessOrEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Or(TVec.Not(a), b);
}

internal readonly struct MaskGreaterKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.AndNot(a, b);
}

internal readonly struct MaskGreaterOrEqualKernel : IBinaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Or(a, TVec.Not(b));
}

internal readonly struct SelectKernel : ITernaryKernel
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke<TVec>(TVec a, TVec b, TVec c)
        where TVec : unmanaged, ISimd<TVec> =>
        TVec.Select(a, b, c);
}
