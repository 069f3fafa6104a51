namespace Anneal;

/// <summary>
/// The transpose of <see cref="Conv1D"/>: what the gradient of a convolution with these options does. Input <c>[batch, time, channels]</c>,
/// output <c>[batch, time, filters]</c>; kernel <c>[kernel size, filters / groups, channels]</c> (as Keras), bias <c>[filters]</c>. Extents
/// are those of <see cref="Conv2DTranspose"/>.
/// </summary>
public sealed class Conv1DTranspose : TransposedConvolution
{
    /// <summary>Makes the layer.</summary>
    /// <param name="filters">The number of output channels; at least 1 and a multiple of <paramref name="groups"/>.</param>
    /// <param name="kernelSize">The steps of a window.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The steps of the output from one window to the next.</param>
    /// <param name="padding">What surrounds the output: <see cref="Padding.Valid"/> or <see cref="Padding.Same"/>.</param>
    /// <param name="outputPadding">Steps that the output has more, at least 0 and below the strides; null is as many as Keras adds.</param>
    /// <param name="dilation">The steps between the taps of a window; 1 is no gap.</param>
    /// <param name="groups">Groups of channels that do not see each other; at least 1.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>conv1d_transpose</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Conv1DTranspose(
        int filters, int kernelSize, Activation activation = Activation.Linear, int strides = 1, Padding padding = Padding.Valid,
        int? outputPadding = null, int dilation = 1, int groups = 1, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(
            SlidingWindow.Over1D(nameof(Conv1DTranspose), kernelSize, nameof(kernelSize), strides, padding, dilation, mayBeCausal: false),
            outputPadding is { } more ? new Size2D(0, more) : null, filters, groups, activation, useBias, kernelInitializer, biasInitializer, name)
    {
    }

    /// <summary>The steps of a window.</summary>
    public int KernelSize => Window.Size.Width;

    /// <summary>The steps of the output from one window to the next.</summary>
    public int Strides => Window.Strides.Width;

    /// <summary>Steps that the output has more; null is as many as Keras adds.</summary>
    public int? OutputPadding => OutputPaddingSize?.Width;

    /// <summary>The steps between the taps of a window.</summary>
    public int Dilation => Window.Dilation.Width;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        if (OutputPadding is { } more)
            config.Set("outputPadding", more);
    }

    internal static Conv1DTranspose Read(LayerConfig config) => new(
        config.GetInt32("filters"), config.GetInt32("kernelSize"), config.GetEnum<Activation>("activation"), config.GetInt32("strides"),
        config.GetEnum<Padding>("padding"), config.Contains("outputPadding") ? config.GetInt32("outputPadding") : null, config.GetInt32("dilation"),
        config.GetInt32("groups"), config.GetBoolean("useBias"), config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"));
}
