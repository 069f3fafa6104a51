namespace Anneal;

/// <summary>
/// The transpose of <see cref="Conv2D"/>, often called deconvolution: what the gradient of a convolution with these options does. Input
/// <c>[batch, height, width, channels]</c>, output <c>[batch, height, width, filters]</c>; kernel
/// <c>[height, width, filters / groups, channels]</c> (as Keras), bias <c>[filters]</c>.
/// </summary>
/// <remarks>
/// With k = (kernel size - 1) · dilation + 1, an extent n of the input becomes, as in Keras, without an output padding n · stride with
/// <see cref="Padding.Same"/> and (n - 1) · stride + max(k, stride) with <see cref="Padding.Valid"/>; with an output padding p it becomes
/// (n - 1) · stride + k mod 2 + p and (n - 1) · stride + k + p. What the windows touch beyond that is cut off, the odd row at the bottom or
/// right. For PyTorch's <c>padding = (k - 1) / 2</c> with an odd k and output padding 0 take <see cref="Padding.Same"/> and 0 here.
/// </remarks>
public sealed class Conv2DTranspose : TransposedConvolution
{
    /// <summary>Makes the layer.</summary>
    /// <param name="filters">The number of output channels; at least 1 and a multiple of <paramref name="groups"/>.</param>
    /// <param name="kernelSize">The rows and columns of a window.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The rows and columns of the output from one window to the next; null is 1.</param>
    /// <param name="padding">What surrounds the output: <see cref="Padding.Valid"/> or <see cref="Padding.Same"/>.</param>
    /// <param name="outputPadding">
    /// Rows and columns that the output has more, at least 0 and below the strides; null is as many as Keras adds.
    /// </param>
    /// <param name="dilation">The rows and columns between the taps of a window; null is 1, no gap.</param>
    /// <param name="groups">Groups of channels that do not see each other; at least 1.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>conv2d_transpose</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Conv2DTranspose(
        int filters, Size2D kernelSize, Activation activation = Activation.Linear, Size2D? strides = null, Padding padding = Padding.Valid,
        Size2D? outputPadding = null, Size2D? dilation = null, int groups = 1, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(
            SlidingWindow.Over2D(nameof(Conv2DTranspose), kernelSize, nameof(kernelSize), strides ?? 1, padding, dilation ?? 1),
            outputPadding, filters, groups, activation, useBias, kernelInitializer, biasInitializer, name)
    {
    }

    /// <summary>The rows and columns of a window.</summary>
    public Size2D KernelSize => Window.Size;

    /// <summary>The rows and columns of the output from one window to the next.</summary>
    public Size2D Strides => Window.Strides;

    /// <summary>Rows and columns that the output has more; null is as many as Keras adds.</summary>
    public Size2D? OutputPadding => OutputPaddingSize;

    /// <summary>The rows and columns between the taps of a window.</summary>
    public Size2D Dilation => Window.Dilation;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        if (OutputPadding is { } more)
            config.Set("outputPadding", more);
    }

    internal static Conv2DTranspose Read(LayerConfig config) => new(
        config.GetInt32("filters"), config.GetSize2D("kernelSize"), config.GetEnum<Activation>("activation"), config.GetSize2D("strides"),
        config.GetEnum<Padding>("padding"), config.Contains("outputPadding") ? config.GetSize2D("outputPadding") : null, config.GetSize2D("dilation"),
        config.GetInt32("groups"), config.GetBoolean("useBias"), config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"));
}
