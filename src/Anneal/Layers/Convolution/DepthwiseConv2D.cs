namespace Anneal;

/// <summary>
/// Cross-correlation of images in which each channel has windows of its own: input <c>[batch, height, width, channels]</c>, output
/// the same with <c>channels · depthMultiplier</c> channels, those of one input channel side by side; kernel
/// <c>[height, width, channels, depthMultiplier]</c>, bias <c>[channels · depthMultiplier]</c>.
/// </summary>
public sealed class DepthwiseConv2D : DepthwiseConvolution
{
    /// <summary>Makes the layer.</summary>
    /// <param name="kernelSize">The rows and columns of a window.</param>
    /// <param name="depthMultiplier">The number of output channels that each input channel becomes; at least 1.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The rows and columns from one window to the next; null is 1.</param>
    /// <param name="padding">What surrounds the image: <see cref="Padding.Valid"/> or <see cref="Padding.Same"/>.</param>
    /// <param name="dilation">The rows and columns between the taps of a window; null is 1, no gap.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="depthwiseInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>depthwise_conv2d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public DepthwiseConv2D(
        Size2D kernelSize, int depthMultiplier = 1, Activation activation = Activation.Linear, Size2D? strides = null,
        Padding padding = Padding.Valid, Size2D? dilation = null, bool useBias = true,
        Initializer? depthwiseInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(
            SlidingWindow.Over2D(nameof(DepthwiseConv2D), kernelSize, nameof(kernelSize), strides ?? 1, padding, dilation ?? 1),
            depthMultiplier, activation, useBias, depthwiseInitializer, biasInitializer, name)
    {
    }

    /// <summary>The rows and columns of a window.</summary>
    public Size2D KernelSize => Window.Size;

    /// <summary>The rows and columns from one window to the next.</summary>
    public Size2D Strides => Window.Strides;

    /// <summary>The rows and columns between the taps of a window.</summary>
    public Size2D Dilation => Window.Dilation;

    internal static DepthwiseConv2D Read(LayerConfig config) => new(
        config.GetSize2D("kernelSize"), config.GetInt32("depthMultiplier"), config.GetEnum<Activation>("activation"), config.GetSize2D("strides"),
        config.GetEnum<Padding>("padding"), config.GetSize2D("dilation"), config.GetBoolean("useBias"),
        config.GetInitializer("depthwiseInitializer"), config.GetInitializer("biasInitializer"));
}
