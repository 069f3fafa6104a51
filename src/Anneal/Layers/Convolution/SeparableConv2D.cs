namespace Anneal;

/// <summary>
/// A convolution of images in two parts: windows for each channel alone, then a product across channels. Input
/// <c>[batch, height, width, channels]</c>, output the same with <c>filters</c> channels; depthwise kernel
/// <c>[height, width, channels, depthMultiplier]</c>, pointwise kernel <c>[1, 1, channels · depthMultiplier, filters]</c>, bias
/// <c>[filters]</c>.
/// </summary>
public sealed class SeparableConv2D : SeparableConvolution
{
    /// <summary>Makes the layer.</summary>
    /// <param name="filters">The number of output channels; at least 1.</param>
    /// <param name="kernelSize">The rows and columns of a window.</param>
    /// <param name="depthMultiplier">The number of channels that each input channel becomes in between; at least 1.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The rows and columns from one window to the next; null is 1.</param>
    /// <param name="padding">What surrounds the image: <see cref="Padding.Valid"/> or <see cref="Padding.Same"/>.</param>
    /// <param name="dilation">The rows and columns between the taps of a window; null is 1, no gap.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="depthwiseInitializer">The first value of the depthwise kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="pointwiseInitializer">The first value of the pointwise kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>separable_conv2d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public SeparableConv2D(
        int filters, Size2D kernelSize, int depthMultiplier = 1, Activation activation = Activation.Linear, Size2D? strides = null,
        Padding padding = Padding.Valid, Size2D? dilation = null, bool useBias = true, Initializer? depthwiseInitializer = null,
        Initializer? pointwiseInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(
            SlidingWindow.Over2D(nameof(SeparableConv2D), kernelSize, nameof(kernelSize), strides ?? 1, padding, dilation ?? 1),
            filters, depthMultiplier, activation, useBias, depthwiseInitializer, pointwiseInitializer, biasInitializer, name)
    {
    }

    /// <summary>The rows and columns of a window.</summary>
    public Size2D KernelSize => Window.Size;

    /// <summary>The rows and columns from one window to the next.</summary>
    public Size2D Strides => Window.Strides;

    /// <summary>The rows and columns between the taps of a window.</summary>
    public Size2D Dilation => Window.Dilation;

    internal static SeparableConv2D Read(LayerConfig config) => new(
        config.GetInt32("filters"), config.GetSize2D("kernelSize"), config.GetInt32("depthMultiplier"), config.GetEnum<Activation>("activation"),
        config.GetSize2D("strides"), config.GetEnum<Padding>("padding"), config.GetSize2D("dilation"), config.GetBoolean("useBias"),
        config.GetInitializer("depthwiseInitializer"), config.GetInitializer("pointwiseInitializer"), config.GetInitializer("biasInitializer"));
}
