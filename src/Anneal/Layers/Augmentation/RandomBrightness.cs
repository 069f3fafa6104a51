namespace Anneal;

/// <summary>
/// In training, adds a number of its own to all pixels of each image, kept within the range of values:
/// <c>[batch, height, width, channels]</c> to the same.
/// </summary>
public sealed class RandomBrightness : ImageAugmentation
{
    /// <summary>Makes the layer.</summary>
    /// <param name="factor">What is added, as a share of the range of values, within -1 and 1: 0.2 draws from -20 to 20 percent.</param>
    /// <param name="valueRange">The values that pixels can have; null is 0 to 1.</param>
    /// <param name="name">The name; null takes <c>random_brightness</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RandomBrightness(Interval factor, Interval? valueRange = null, string? name = null) : base(name)
    {
        Factor = factor.Within(-1, 1, nameof(RandomBrightness), nameof(factor));
        ValueRange = Values(valueRange, nameof(RandomBrightness));
    }

    /// <summary>What is added, as a share of the range of values.</summary>
    public Interval Factor { get; }

    /// <summary>The values that pixels can have.</summary>
    public Interval ValueRange { get; }

    private protected override Tensor Augment(Tensor images)
    {
        Tensor added = Factor.Draw(images.Shape[0], "brightness") * (ValueRange.High - ValueRange.Low);
        return Tensor.Clamp(images + ForPixels(added, images), ValueRange.Low, ValueRange.High);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        Factor.Write(config, "factor");
        ValueRange.Write(config, "valueRange");
    }

    internal static RandomBrightness Read(LayerConfig config) => new(Interval.Read(config, "factor"), Interval.Read(config, "valueRange"));
}
