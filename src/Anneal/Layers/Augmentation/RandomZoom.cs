namespace Anneal;

/// <summary>
/// In training, enlarges or shrinks each image about its centre by a factor of its own, within its frame:
/// <c>[batch, height, width, channels]</c> to the same.
/// </summary>
public sealed class RandomZoom : ImageAugmentation
{
    private const double MostOut = 10;
    private readonly ImageSampler _sampler;

    /// <summary>Makes the layer.</summary>
    /// <param name="heightFactor">
    /// By how much more than its height is shown, from -1 to 10: 0.2 shows 120 percent of the height, so the image shrinks; -0.2 shows 80
    /// percent, so it grows.
    /// </param>
    /// <param name="widthFactor">The same for the width; null takes that drawn for the height, which keeps proportions.</param>
    /// <param name="fillMode">What comes in from beyond the edges.</param>
    /// <param name="interpolation">The value between pixels.</param>
    /// <param name="fillValue">The value beyond the edges, with <see cref="FillMode.Constant"/>.</param>
    /// <param name="name">The name; null takes <c>random_zoom</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RandomZoom(
        Interval heightFactor, Interval? widthFactor = null, FillMode fillMode = FillMode.Reflect, Interpolation interpolation = Interpolation.Bilinear,
        double fillValue = 0, string? name = null) : base(name)
    {
        HeightFactor = heightFactor.Within(-1, MostOut, nameof(RandomZoom), nameof(heightFactor));
        WidthFactor = widthFactor?.Within(-1, MostOut, nameof(RandomZoom), nameof(widthFactor));
        _sampler = ImageSampler.Checked(fillMode, interpolation, fillValue, nameof(RandomZoom));
    }

    /// <summary>By how much more than the height is shown.</summary>
    public Interval HeightFactor { get; }

    /// <summary>By how much more than the width is shown; null keeps proportions.</summary>
    public Interval? WidthFactor { get; }

    private protected override Tensor Augment(Tensor images)
    {
        long height = images.Shape[1], width = images.Shape[2];
        double centreRow = (height - 1) / 2.0, centreColumn = (width - 1) / 2.0;
        Tensor vertical = HeightFactor.Draw(images.Shape[0], "height") + 1;
        Tensor horizontal = WidthFactor is { } range ? range.Draw(images.Shape[0], "width") + 1 : vertical;
        return _sampler.Sample(
            images, (ImageSampler.Rows(height) - centreRow) * vertical + centreRow, (ImageSampler.Columns(width) - centreColumn) * horizontal + centreColumn);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        HeightFactor.Write(config, "heightFactor");
        WidthFactor?.Write(config, "widthFactor");
        _sampler.Write(config);
    }

    internal static RandomZoom Read(LayerConfig config) => new(
        Interval.Read(config, "heightFactor"), config.Contains("widthFactorLow") ? Interval.Read(config, "widthFactor") : null,
        config.GetEnum<FillMode>("fillMode"), config.GetEnum<Interpolation>("interpolation"), config.GetDouble("fillValue"));
}
