using Anneal.Ops;

namespace Anneal;

/// <summary>
/// The mean of each window and channel over the pixels inside of the image: padding is not counted (as Keras). Input
/// <c>[batch, height, width, channels]</c>, output the same with fewer rows and columns.
/// </summary>
public sealed class AveragePool2D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="poolSize">The rows and columns of a window.</param>
    /// <param name="strides">The rows and columns from one window to the next; null is <paramref name="poolSize"/>.</param>
    /// <param name="padding">What surrounds the image.</param>
    /// <param name="name">The name; null takes <c>average_pool2d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public AveragePool2D(Size2D poolSize, Size2D? strides = null, Padding padding = Padding.Valid, string? name = null) : base(name)
    {
        PoolSize = Require.AtLeastOne(poolSize, nameof(AveragePool2D), nameof(poolSize));
        Strides = Require.AtLeastOne(strides ?? poolSize, nameof(AveragePool2D), nameof(strides));
        Padding = Require.Defined(padding, nameof(AveragePool2D), nameof(padding));
    }

    /// <summary>Makes the layer with windows of two by two pixels that do not overlap.</summary>
    public AveragePool2D() : this(2)
    {
    }

    /// <summary>The rows and columns of a window.</summary>
    public Size2D PoolSize { get; }

    /// <summary>The rows and columns from one window to the next.</summary>
    public Size2D Strides { get; }

    /// <summary>What surrounds the image.</summary>
    public Padding Padding { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        Require.Rank(input.Shape, 4, this, "[batch, height, width, channels]");
        var pooling = new PoolingWindow(PoolSize.Height, PoolSize.Width, Padding.Window(input.Shape, PoolSize, Strides, 1));
        return input.AveragePool(pooling, countIncludesPadding: false);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("poolSize", PoolSize);
        config.Set("strides", Strides);
        config.Set("padding", Padding);
    }

    internal static AveragePool2D Read(LayerConfig config) =>
        new(config.GetSize2D("poolSize"), config.GetSize2D("strides"), config.GetEnum<Padding>("padding"));
}
