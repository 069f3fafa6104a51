namespace Anneal.Cpu;

/// <summary>
/// A two-dimensional convolution over images [batch, height, width, channels] with weights [kernelHeight, kernelWidth,
/// channels / groups, outputChannels].
/// </summary>
internal readonly record struct ConvShape(
    long Batch, int Height, int Width, int Channels, int KernelHeight, int KernelWidth, int OutputChannels)
{
    internal int StrideHeight { get; init; } = 1;

    internal int StrideWidth { get; init; } = 1;

    internal int PaddingTop { get; init; }

    internal int PaddingBottom { get; init; }

    internal int PaddingLeft { get; init; }

    internal int PaddingRight { get; init; }

    internal int DilationHeight { get; init; } = 1;

    internal int DilationWidth { get; init; } = 1;

    internal int Groups { get; init; } = 1;

    internal int OutputHeight =>
        WindowCount(Height + PaddingTop + PaddingBottom, ((KernelHeight - 1) * DilationHeight) + 1, StrideHeight);

    internal int OutputWidth =>
        WindowCount(Width + PaddingLeft + PaddingRight, ((KernelWidth - 1) * DilationWidth) + 1, StrideWidth);

    internal int GroupChannels => Channels / Groups;

    internal int GroupOutputChannels => OutputChannels / Groups;

    /// <summary>Weights of one output channel.</summary>
    internal int PatchLength => checked(KernelHeight * KernelWidth * GroupChannels);

    internal long OutputRows => Batch * OutputHeight * OutputWidth;

    internal long InputRows => Batch * Height * Width;

    internal void Check()
    {
        if (Batch < 0 || Height < 0 || Width < 0 || Channels < 0 || OutputChannels < 0 || KernelHeight < 1 || KernelWidth < 1)
            throw new ArgumentException($"Expected sizes that are not negative and a kernel of at least 1x1; got {this}.");
        if (StrideHeight < 1 || StrideWidth < 1 || DilationHeight < 1 || DilationWidth < 1)
            throw new ArgumentException($"Expected strides and dilations of at least 1; got {this}.");
        if (PaddingTop < 0 || PaddingBottom < 0 || PaddingLeft < 0 || PaddingRight < 0)
            throw new ArgumentException($"Expected padding that is not negative; got {this}.");
        if (Groups < 1 || Channels % Groups != 0 || OutputChannels % Groups != 0)
            throw new ArgumentException($"Expected groups that divide both channel counts; got {this}.");
    }

    private static int WindowCount(int length, int window, int stride) => length < window ? 0 : ((length - window) / stride) + 1;
}
