namespace Anneal;

/// <summary>Along which axes images are flipped.</summary>
public enum FlipMode
{
    /// <summary>Left and right, and top and bottom, each by a draw of its own.</summary>
    HorizontalAndVertical,

    /// <summary>Left and right.</summary>
    Horizontal,

    /// <summary>Top and bottom.</summary>
    Vertical,
}

/// <summary>In training, mirrors each image with a probability of one half: <c>[batch, height, width, channels]</c> to the same.</summary>
public sealed class RandomFlip : ImageAugmentation
{
    /// <summary>Makes the layer.</summary>
    /// <param name="mode">Along which axes.</param>
    /// <param name="name">The name; null takes <c>random_flip</c> with a counter.</param>
    /// <exception cref="OptionException">The mode is not one of the enum's.</exception>
    public RandomFlip(FlipMode mode = FlipMode.HorizontalAndVertical, string? name = null) : base(name) =>
        Mode = Require.Defined(mode, nameof(RandomFlip), nameof(mode));

    /// <summary>Along which axes.</summary>
    public FlipMode Mode { get; }

    private protected override Tensor Augment(Tensor images)
    {
        Tensor result = images;
        if (Mode != FlipMode.Vertical)
            result = Tensor.Select(Flipped(images, "horizontal"), result.Flip(2), result);
        if (Mode != FlipMode.Horizontal)
            result = Tensor.Select(Flipped(images, "vertical"), result.Flip(1), result);
        return result;
    }

    private static Tensor Flipped(Tensor images, string use) => Tensor.RandomUniform([images.Shape[0], 1, 1, 1], use).LessThan(0.5);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("mode", Mode);

    internal static RandomFlip Read(LayerConfig config) => new(config.GetEnum<FlipMode>("mode"));
}
