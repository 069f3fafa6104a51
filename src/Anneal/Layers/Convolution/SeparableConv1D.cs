namespace Anneal;

/// <summary>
/// A convolution of sequences in two parts: windows for each channel alone, then a product across channels. Input
/// <c>[batch, time, channels]</c>, output the same with <c>filters</c> channels; depthwise kernel
/// <c>[kernel size, channels, depthMultiplier]</c>, pointwise kernel <c>[1, channels · depthMultiplier, filters]</c>, bias <c>[filters]</c>.
/// </summary>
public sealed class SeparableConv1D : SeparableConvolution
{
    /// <summary>Makes the layer.</summary>
    /// <param name="filters">The number of output channels; at least 1.</param>
    /// <param name="kernelSize">The steps of a window.</param>
    /// <param name="depthMultiplier">The number of channels that each input channel becomes in between; at least 1.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The steps from one window to the next.</param>
    /// <param name="padding">What surrounds the sequence.</param>
    /// <param name="dilation">The steps between the taps of a window; 1 is no gap.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="depthwiseInitializer">The first value of the depthwise kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="pointwiseInitializer">The first value of the pointwise kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>separable_conv1d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public SeparableConv1D(
        int filters, int kernelSize, int depthMultiplier = 1, Activation activation = Activation.Linear, int strides = 1,
        Padding padding = Padding.Valid, int dilation = 1, bool useBias = true, Initializer? depthwiseInitializer = null,
        Initializer? pointwiseInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(
            SlidingWindow.Over1D(nameof(SeparableConv1D), kernelSize, nameof(kernelSize), strides, padding, dilation),
            filters, depthMultiplier, activation, useBias, depthwiseInitializer, pointwiseInitializer, biasInitializer, name)
    {
    }

    /// <summary>The steps of a window.</summary>
    public int KernelSize => Window.Size.Width;

    /// <summary>The steps from one window to the next.</summary>
    public int Strides => Window.Strides.Width;

    /// <summary>The steps between the taps of a window.</summary>
    public int Dilation => Window.Dilation.Width;

    internal static SeparableConv1D Read(LayerConfig config) => new(
        config.GetInt32("filters"), config.GetInt32("kernelSize"), config.GetInt32("depthMultiplier"), config.GetEnum<Activation>("activation"),
        config.GetInt32("strides"), config.GetEnum<Padding>("padding"), config.GetInt32("dilation"), config.GetBoolean("useBias"),
        config.GetInitializer("depthwiseInitializer"), config.GetInitializer("pointwiseInitializer"), config.GetInitializer("biasInitializer"));
}
