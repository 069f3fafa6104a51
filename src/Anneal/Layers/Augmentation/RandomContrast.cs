namespace Anneal;

/// <summary>
/// In training, moves the values of each image away from or towards the mean of their channel: (x - mean) · c + mean, kept within the
/// range of values; <c>[batch, height, width, channels]</c> to the same.
/// </summary>
public sealed class RandomContrast : ImageAugmentation
{
    /// <summary>Makes the layer.</summary>
    /// <param name="factor">c - 1, at least -1: 0.2 draws c from 0.8 to 1.2.</param>
    /// <param name="valueRange">The values that pixels can have; null is 0 to 1.</param>
    /// <param name="name">The name; null takes <c>random_contrast</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RandomContrast(Interval factor, Interval? valueRange = null, string? name = null) : base(name)
    {
        Factor = factor.Within(-1, double.MaxValue, nameof(RandomContrast), nameof(factor));
        ValueRange = Values(valueRange, nameof(RandomContrast));
    }

    /// <summary>c - 1.</summary>
    public Interval Factor { get; }

    /// <summary>The values that pixels can have.</summary>
    public Interval ValueRange { get; }

    private protected override Tensor Augment(Tensor images)
    {
        Tensor contrast = ForPixels(Factor.Draw(images.Shape[0], "contrast") + 1, images), mean = images.Mean([1, 2], keepAxes: true);
        return Tensor.Clamp((images - mean) * contrast + mean, ValueRange.Low, ValueRange.High);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        Factor.Write(config, "factor");
        ValueRange.Write(config, "valueRange");
    }

    internal static RandomContrast Read(LayerConfig config) => new(Interval.Read(config, "factor"), Interval.Read(config, "valueRange"));
}
