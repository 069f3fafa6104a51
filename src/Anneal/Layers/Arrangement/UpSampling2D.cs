namespace Anneal;

/// <summary>
/// Enlarges images by whole factors: input <c>[batch, height, width, channels]</c>, output
/// <c>[batch, height · size.Height, width · size.Width, channels]</c>.
/// </summary>
public sealed class UpSampling2D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="size">The factors of the rows and columns, at least 1; null is 2.</param>
    /// <param name="interpolation">Where the pixels come from.</param>
    /// <param name="name">The name; null takes <c>up_sampling2d</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public UpSampling2D(Size2D? size = null, Interpolation interpolation = Interpolation.Nearest, string? name = null) : base(name)
    {
        Size = Require.AtLeastOne(size ?? 2, nameof(UpSampling2D), nameof(size));
        Interpolation = Require.Defined(interpolation, nameof(UpSampling2D), nameof(interpolation));
    }

    /// <summary>The factors of the rows and columns.</summary>
    public Size2D Size { get; }

    /// <summary>Where the pixels come from.</summary>
    public Interpolation Interpolation { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        Require.Rank(input.Shape, 4, this, "[batch, height, width, channels]");
        (long height, long width) = (input.Shape[1] * Size.Height, input.Shape[2] * Size.Width);
        if (height < 1 || width < 1)
            throw new ShapeException($"Layer {Path} expects an image with at least one pixel, but found an input of shape {input.Shape}.");
        return Interpolation == Interpolation.Nearest ? input.ResizeNearest(height, width) : input.ResizeBilinear(height, width);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) =>
        Size.Height == 1 ? base.ComputeMask(inputs, output) : null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("size", Size);
        config.Set("interpolation", Interpolation);
    }

    internal static UpSampling2D Read(LayerConfig config) => new(config.GetSize2D("size"), config.GetEnum<Interpolation>("interpolation"));
}
