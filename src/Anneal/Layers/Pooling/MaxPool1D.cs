using Anneal.Ops;

namespace Anneal;

/// <summary>
/// The largest step of each window and channel; padding never wins. Input
/// <c>[batch, time, channels]</c>, output the same with fewer steps.
/// </summary>
public sealed class MaxPool1D : PoolingLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="poolSize">The steps of a window.</param>
    /// <param name="strides">The steps from one window to the next; null is <paramref name="poolSize"/>.</param>
    /// <param name="padding">What surrounds the sequence: <see cref="Padding.Valid"/> or <see cref="Padding.Same"/>.</param>
    /// <param name="name">The name; null takes <c>max_pool1d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public MaxPool1D(int poolSize, int? strides = null, Padding padding = Padding.Valid, string? name = null)
        : base(SlidingWindow.Over1D(nameof(MaxPool1D), poolSize, nameof(poolSize), strides ?? poolSize, padding, 1, mayBeCausal: false), name)
    {
    }

    /// <summary>Makes the layer with windows of two steps that do not overlap.</summary>
    public MaxPool1D() : this(2)
    {
    }

    /// <summary>The steps of a window.</summary>
    public int PoolSize => Window.Size.Width;

    /// <summary>The steps from one window to the next.</summary>
    public int Strides => Window.Strides.Width;

    private protected override Tensor Pool(Tensor input, PoolingWindow pooling) => input.MaxPool(pooling);

    internal static MaxPool1D Read(LayerConfig config) =>
        new(config.GetInt32("poolSize"), config.GetInt32("strides"), config.GetEnum<Padding>("padding"));
}
