namespace Anneal;

/// <summary>
/// Cross-correlation of sequences with learned windows: input <c>[batch, time, channels]</c>, output <c>[batch, time, filters]</c>; kernel
/// <c>[kernel size, channels / groups, filters]</c>, bias <c>[filters]</c>. The mask of the input is handed on where each step keeps its
/// place: with stride 1 and <see cref="Padding.Same"/> or <see cref="Padding.Causal"/>.
/// </summary>
public sealed class Conv1D : GroupedConvolution
{
    /// <summary>Makes the layer.</summary>
    /// <param name="filters">The number of output channels; at least 1 and a multiple of <paramref name="groups"/>.</param>
    /// <param name="kernelSize">The steps of a window.</param>
    /// <param name="activation">What follows the convolution.</param>
    /// <param name="strides">The steps from one window to the next.</param>
    /// <param name="padding">What surrounds the sequence.</param>
    /// <param name="dilation">The steps between the taps of a window; 1 is no gap.</param>
    /// <param name="groups">Groups of channels that do not see each other; at least 1.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first value of the bias; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="name">The name; null takes <c>conv1d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Conv1D(
        int filters, int kernelSize, Activation activation = Activation.Linear, int strides = 1, Padding padding = Padding.Valid,
        int dilation = 1, int groups = 1, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null, string? name = null)
        : base(
            SlidingWindow.Over1D(nameof(Conv1D), kernelSize, nameof(kernelSize), strides, padding, dilation),
            filters, groups, activation, useBias, kernelInitializer, biasInitializer, name)
    {
    }

    /// <summary>The steps of a window.</summary>
    public int KernelSize => Window.Size.Width;

    /// <summary>The steps from one window to the next.</summary>
    public int Strides => Window.Strides.Width;

    /// <summary>The steps between the taps of a window.</summary>
    public int Dilation => Window.Dilation.Width;

    internal static Conv1D Read(LayerConfig config) => new(
        config.GetInt32("filters"), config.GetInt32("kernelSize"), config.GetEnum<Activation>("activation"), config.GetInt32("strides"),
        config.GetEnum<Padding>("padding"), config.GetInt32("dilation"), config.GetInt32("groups"), config.GetBoolean("useBias"),
        config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"));
}
