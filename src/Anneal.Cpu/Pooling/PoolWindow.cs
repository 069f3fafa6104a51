using System.Runtime.CompilerServices;

namespace Anneal.Cpu;

/// <summary>The part of one window that lies inside its image.</summary>
internal readonly struct PoolWindow
{
    internal PoolWindow(in PoolShape shape, int outputY, int outputX)
    {
        int y = (outputY * shape.StrideHeight) - shape.PaddingTop;
        int x = (outputX * shape.StrideWidth) - shape.PaddingLeft;
        Top = Math.Max(y, 0);
        Left = Math.Max(x, 0);
        Bottom = Math.Min(y + shape.WindowHeight, shape.Height);
        Right = Math.Min(x + shape.WindowWidth, shape.Width);
    }

    internal int Top { get; }

    internal int Left { get; }

    /// <summary>Behind the last row.</summary>
    internal int Bottom { get; }

    /// <summary>Behind the last column.</summary>
    internal int Right { get; }

    internal int Count => Math.Max(0, Bottom - Top) * Math.Max(0, Right - Left);
}

/// <summary>Loads and stores at the end of the channels.</summary>
internal static unsafe class PoolVectors
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec Load<TVec>(float* source, int count)
        where TVec : unmanaged, ISimd<TVec> => count >= TVec.Count ? TVec.Load(source) : TVec.LoadPartial(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store<TVec>(float* target, TVec value, int count)
        where TVec : unmanaged, ISimd<TVec>
    {
        if (count >= TVec.Count)
            TVec.Store(target, value);
        else
            TVec.StorePartial(target, value, count);
    }

    /// <summary>Whether a value is a window's maximum; where the maximum is NaN, every NaN is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TVec IsMaximum<TVec>(TVec value, TVec maximum)
        where TVec : unmanaged, ISimd<TVec>
    {
        TVec bothNaN = TVec.And(TVec.NotEqual(value, value), TVec.NotEqual(maximum, maximum));
        return TVec.Or(TVec.Equal(value, maximum), bothNaN);
    }
}
