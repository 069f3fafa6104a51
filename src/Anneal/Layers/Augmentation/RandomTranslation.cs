namespace Anneal;

/// <summary>
/// In training, moves each image by a distance of its own: <c>[batch, height, width, channels]</c> to the same. Positive distances move
/// down and to the right.
/// </summary>
public sealed class RandomTranslation : ImageAugmentation
{
    private readonly ImageSampler _sampler;

    /// <summary>Makes the layer.</summary>
    /// <param name="heightFactor">The distances down in heights of the image, within -1 and 1.</param>
    /// <param name="widthFactor">The distances to the right in widths of the image, within -1 and 1.</param>
    /// <param name="fillMode">What comes in from beyond the edges.</param>
    /// <param name="interpolation">The value between pixels.</param>
    /// <param name="fillValue">The value beyond the edges, with <see cref="FillMode.Constant"/>.</param>
    /// <param name="name">The name; null takes <c>random_translation</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RandomTranslation(
        Interval heightFactor, Interval widthFactor, FillMode fillMode = FillMode.Reflect, Interpolation interpolation = Interpolation.Bilinear,
        double fillValue = 0, string? name = null) : base(name)
    {
        HeightFactor = heightFactor.Within(-1, 1, nameof(RandomTranslation), nameof(heightFactor));
        WidthFactor = widthFactor.Within(-1, 1, nameof(RandomTranslation), nameof(widthFactor));
        _sampler = ImageSampler.Checked(fillMode, interpolation, fillValue, nameof(RandomTranslation));
    }

    /// <summary>The distances down in heights of the image.</summary>
    public Interval HeightFactor { get; }

    /// <summary>The distances to the right in widths of the image.</summary>
    public Interval WidthFactor { get; }

    private protected override Tensor Augment(Tensor images)
    {
        long height = images.Shape[1], width = images.Shape[2];
        Tensor down = HeightFactor.Draw(images.Shape[0], "height") * height, right = WidthFactor.Draw(images.Shape[0], "width") * width;
        return _sampler.Sample(images, ImageSampler.Rows(height) - down, ImageSampler.Columns(width) - right);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        HeightFactor.Write(config, "heightFactor");
        WidthFactor.Write(config, "widthFactor");
        _sampler.Write(config);
    }

    internal static RandomTranslation Read(LayerConfig config) => new(
        Interval.Read(config, "heightFactor"), Interval.Read(config, "widthFactor"), config.GetEnum<FillMode>("fillMode"),
        config.GetEnum<Interpolation>("interpolation"), config.GetDouble("fillValue"));
}
