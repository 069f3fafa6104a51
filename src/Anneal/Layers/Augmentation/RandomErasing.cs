namespace Anneal;

/// <summary>
/// In training, fills a rectangle of an image with one value (Zhong et al., 2017): <c>[batch, height, width, channels]</c> to the same.
/// A side that would be longer than the image is cut to its length.
/// </summary>
public sealed class RandomErasing : ImageAugmentation
{
    /// <summary>Makes the layer.</summary>
    /// <param name="rate">The probability that an image loses a rectangle, from 0 to 1.</param>
    /// <param name="scale">The area of the rectangle as a share of the image, within 0 and 1; null is 0.02 to 0.33.</param>
    /// <param name="ratio">The height of the rectangle over its width, evenly drawn by its logarithm, above 0; null is 0.3 to 3.3.</param>
    /// <param name="fillValue">The value that it is filled with.</param>
    /// <param name="name">The name; null takes <c>random_erasing</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RandomErasing(double rate = 0.5, Interval? scale = null, Interval? ratio = null, double fillValue = 0, string? name = null) : base(name)
    {
        Rate = rate is >= 0 and <= 1 ? rate : throw new OptionException(FormattableString.Invariant($"{nameof(RandomErasing)}: rate must be from 0 to 1, but is {rate}."));
        Scale = (scale ?? new Interval(0.02, 0.33)).Within(0, 1, nameof(RandomErasing), nameof(scale));
        Ratio = (ratio ?? new Interval(0.3, 3.3)).Within(1e-3, 1e3, nameof(RandomErasing), nameof(ratio));
        FillValue = double.IsFinite(fillValue)
            ? fillValue
            : throw new OptionException(FormattableString.Invariant($"{nameof(RandomErasing)}: fillValue must be finite, but is {fillValue}."));
    }

    /// <summary>The probability that an image loses a rectangle.</summary>
    public double Rate { get; }

    /// <summary>The area of the rectangle as a share of the image.</summary>
    public Interval Scale { get; }

    /// <summary>The height of the rectangle over its width.</summary>
    public Interval Ratio { get; }

    /// <summary>The value that it is filled with.</summary>
    public double FillValue { get; }

    private protected override Tensor Augment(Tensor images)
    {
        long batch = images.Shape[0], height = images.Shape[1], width = images.Shape[2];
        Tensor area = Scale.Draw(batch, "area") * (height * width);
        Tensor root = Tensor.Exp(new Interval(Math.Log(Ratio.Low) / 2, Math.Log(Ratio.High) / 2).Draw(batch, "ratio"));
        Tensor side = Tensor.Sqrt(area);
        Tensor erased = Covered(ImageSampler.Rows(height), side * root, height, "row")
            & Covered(ImageSampler.Columns(width), side / root, width, "column")
            & Tensor.RandomUniform([batch, 1, 1], "erase").LessThan(Rate);
        return Tensor.Select(erased.ExpandAxis(-1), images.FillLike(FillValue), images);
    }

    /// <summary>Which places of an axis lie in a stretch of a length that begins anywhere where it fits.</summary>
    private static Tensor Covered(Tensor places, Tensor length, long extent, string use)
    {
        Tensor whole = Tensor.Clamp(Tensor.Round(length), 1, extent);
        Tensor first = Tensor.Floor(Tensor.RandomUniform(length.Shape, use) * (extent + 1 - whole));
        return places.GreaterOrEqual(first) & places.LessThan(first + whole);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("rate", Rate);
        Scale.Write(config, "scale");
        Ratio.Write(config, "ratio");
        config.Set("fillValue", FillValue);
    }

    internal static RandomErasing Read(LayerConfig config) => new(
        config.GetDouble("rate"), Interval.Read(config, "scale"), Interval.Read(config, "ratio"), config.GetDouble("fillValue"));
}
