using Anneal.Ops;

namespace Anneal;

/// <summary>
/// The largest pixel of each window and channel; padding never wins. Input
/// <c>[batch, height, width, channels]</c>, output the same with fewer rows and columns.
/// </summary>
public sealed class MaxPool2D : PoolingLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="poolSize">The rows and columns of a window.</param>
    /// <param name="strides">The rows and columns from one window to the next; null is <paramref name="poolSize"/>.</param>
    /// <param name="padding">What surrounds the image: <see cref="Padding.Valid"/> or <see cref="Padding.Same"/>.</param>
    /// <param name="name">The name; null takes <c>max_pool2d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public MaxPool2D(Size2D poolSize, Size2D? strides = null, Padding padding = Padding.Valid, string? name = null)
        : base(SlidingWindow.Over2D(nameof(MaxPool2D), poolSize, nameof(poolSize), strides ?? poolSize, padding, 1), name)
    {
    }

    /// <summary>Makes the layer with windows of two by two pixels that do not overlap.</summary>
    public MaxPool2D() : this(2)
    {
    }

    /// <summary>The rows and columns of a window.</summary>
    public Size2D PoolSize => Window.Size;

    /// <summary>The rows and columns from one window to the next.</summary>
    public Size2D Strides => Window.Strides;

    private protected override Tensor Pool(Tensor input, PoolingWindow pooling) => input.MaxPool(pooling);

    internal static MaxPool2D Read(LayerConfig config) =>
        new(config.GetSize2D("poolSize"), config.GetSize2D("strides"), config.GetEnum<Padding>("padding"));
}
