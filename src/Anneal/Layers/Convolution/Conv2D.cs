namespace Anneal;

/// <summary>
/// Cross-correlation of images with learned windows: input <c>[batch, height, width, channels]</c>, output
/// <c>[batch, height, width, filters]</c>; kernel <c>[height, width, channels / groups, filters]</c>, bias <c>[filters]</c>.
/// </summary>
public sealed class Conv2D : GroupedConvolution
{
    /// <summary>Makes the layer.</summary>
    /// <param name="filters">The number of output channels; at least 1 and a multiple of <paramref name="groups"/>.</param>
    /// <param name="kernelSize">The rows and columns of a window.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The rows and columns from one window to the next; null is 1.</param>
    /// <param name="padding">What surrounds the image: <see cref="Padding.Valid"/> or <see cref="Padding.Same"/>.</param>
    /// <param name="dilation">The rows and columns between the taps of a window; null is 1, no gap.</param>
    /// <param name="groups">Groups of channels that do not see each other; at least 1.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>conv2d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Conv2D(
        int filters, Size2D kernelSize, Activation activation = Activation.Linear, Size2D? strides = null, Padding padding = Padding.Valid,
        Size2D? dilation = null, int groups = 1, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(
            SlidingWindow.Over2D(nameof(Conv2D), kernelSize, nameof(kernelSize), strides ?? 1, padding, dilation ?? 1),
            filters, groups, activation, useBias, kernelInitializer, biasInitializer, name)
    {
    }

    /// <summary>The rows and columns of a window.</summary>
    public Size2D KernelSize => Window.Size;

    /// <summary>The rows and columns from one window to the next.</summary>
    public Size2D Strides => Window.Strides;

    /// <summary>The rows and columns between the taps of a window.</summary>
    public Size2D Dilation => Window.Dilation;

    internal static Conv2D Read(LayerConfig config) => new(
        config.GetInt32("filters"), config.GetSize2D("kernelSize"), config.GetEnum<Activation>("activation"), config.GetSize2D("strides"),
        config.GetEnum<Padding>("padding"), config.GetSize2D("dilation"), config.GetInt32("groups"), config.GetBoolean("useBias"),
        config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"));
}
