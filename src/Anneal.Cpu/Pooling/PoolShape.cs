namespace Anneal.Cpu;

/// <summary>Windows that slide over images [batch, height, width, channels].</summary>
internal readonly record struct PoolShape(long Batch, int Height, int Width, int Channels, int WindowHeight, int WindowWidth)
{
    internal int StrideHeight { get; init; } = WindowHeight;

    internal int StrideWidth { get; init; } = WindowWidth;

    internal int PaddingTop { get; init; }

    internal int PaddingBottom { get; init; }

    internal int PaddingLeft { get; init; }

    internal int PaddingRight { get; init; }

    /// <summary>Whether places in the padding count in the divisor of an average.</summary>
    internal bool CountIncludePadding { get; init; }

    internal int OutputHeight => WindowCount(Height + PaddingTop + PaddingBottom, WindowHeight, StrideHeight);

    internal int OutputWidth => WindowCount(Width + PaddingLeft + PaddingRight, WindowWidth, StrideWidth);

    /// <summary>Windows of two by two that neither overlap nor leave the image.</summary>
    internal bool IsTwoByTwo =>
        WindowHeight == 2 && WindowWidth == 2 && StrideHeight == 2 && StrideWidth == 2
        && (PaddingTop | PaddingBottom | PaddingLeft | PaddingRight) == 0;

    internal void Check()
    {
        if (Batch < 0 || Height < 0 || Width < 0 || Channels < 0 || WindowHeight < 1 || WindowWidth < 1 || StrideHeight < 1 || StrideWidth < 1)
            throw new ArgumentException($"Expected sizes that are not negative, and windows and strides of at least 1; got {this}.");
        if (PaddingTop < 0 || PaddingBottom < 0 || PaddingLeft < 0 || PaddingRight < 0)
            throw new ArgumentException($"Expected padding that is not negative; got {this}.");
    }

    private static int WindowCount(int length, int window, int stride) => length < window ? 0 : ((length - window) / stride) + 1;
}
