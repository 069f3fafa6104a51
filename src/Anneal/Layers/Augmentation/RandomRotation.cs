namespace Anneal;

/// <summary>
/// In training, turns each image about its centre by an angle of its own: <c>[batch, height, width, channels]</c> to the same. Positive
/// angles turn counter-clockwise.
/// </summary>
public sealed class RandomRotation : ImageAugmentation
{
    private readonly ImageSampler _sampler;

    /// <summary>Makes the layer.</summary>
    /// <param name="factor">The angles in full turns, within -1 and 1: 0.1 draws from -36 to 36 degrees.</param>
    /// <param name="fillMode">What comes in from beyond the edges.</param>
    /// <param name="interpolation">The value between pixels.</param>
    /// <param name="fillValue">The value beyond the edges, with <see cref="FillMode.Constant"/>.</param>
    /// <param name="name">The name; null takes <c>random_rotation</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RandomRotation(
        Interval factor, FillMode fillMode = FillMode.Reflect, Interpolation interpolation = Interpolation.Bilinear, double fillValue = 0, string? name = null)
        : base(name)
    {
        Factor = factor.Within(-1, 1, nameof(RandomRotation), nameof(factor));
        _sampler = ImageSampler.Checked(fillMode, interpolation, fillValue, nameof(RandomRotation));
    }

    /// <summary>The angles in full turns.</summary>
    public Interval Factor { get; }

    private protected override Tensor Augment(Tensor images)
    {
        long height = images.Shape[1], width = images.Shape[2];
        double centreRow = (height - 1) / 2.0, centreColumn = (width - 1) / 2.0;
        Tensor angle = Factor.Draw(images.Shape[0], "angle") * (2 * Math.PI);
        Tensor sine = Tensor.Sin(angle), cosine = Tensor.Cos(angle);
        Tensor down = ImageSampler.Rows(height) - centreRow, right = ImageSampler.Columns(width) - centreColumn;

        // Rows count downwards, so this turns a place of the result clockwise, back to where its pixel comes from.
        return _sampler.Sample(images, right * sine + down * cosine + centreRow, right * cosine - down * sine + centreColumn);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        Factor.Write(config, "factor");
        _sampler.Write(config);
    }

    internal static RandomRotation Read(LayerConfig config) => new(
        Interval.Read(config, "factor"), config.GetEnum<FillMode>("fillMode"), config.GetEnum<Interpolation>("interpolation"), config.GetDouble("fillValue"));
}
