namespace Anneal.Cpu;

/// <summary>A function of one vector register.</summary>
internal interface IUnaryKernel
{
    static abstract TVec Invoke<TVec>(TVec x)
        where TVec : unmanaged, ISimd<TVec>;
}

/// <summary>A function of two vector registers.</summary>
internal interface IBinaryKernel
{
    static abstract TVec Invoke<TVec>(TVec a, TVec b)
        where TVec : unmanaged, ISimd<TVec>;
}

/// <summary>A function of three vector registers.</summary>
internal interface ITernaryKernel
{
    static abstract TVec Invoke<TVec>(TVec a, TVec b, TVec c)
        where TVec : unmanaged, ISimd<TVec>;
}
