namespace Anneal;

/// <summary>
/// Cuts a window out of each image, in training at a place of its own, otherwise in the middle: <c>[batch, height, width, channels]</c>
/// to <c>[batch, Height, Width, channels]</c>.
/// </summary>
public sealed class RandomCrop : ImageAugmentation
{
    /// <summary>Makes the layer.</summary>
    /// <param name="height">The rows of the window; at least 1 and at most those of the images.</param>
    /// <param name="width">The columns of the window; at least 1 and at most those of the images.</param>
    /// <param name="name">The name; null takes <c>random_crop</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RandomCrop(int height, int width, string? name = null) : base(name)
    {
        Height = Require.AtLeastOne(height, nameof(RandomCrop), nameof(height));
        Width = Require.AtLeastOne(width, nameof(RandomCrop), nameof(width));
    }

    /// <summary>The rows of the window.</summary>
    public int Height { get; }

    /// <summary>The columns of the window.</summary>
    public int Width { get; }

    private protected override Tensor Pass(Tensor images)
    {
        RequireRoom(images.Shape);
        return images.Narrow(1, (images.Shape[1] - Height) / 2, Height).Narrow(2, (images.Shape[2] - Width) / 2, Width);
    }

    private protected override Tensor Augment(Tensor images)
    {
        RequireRoom(images.Shape);
        return ImageSampler.Pixels(
            images, ImageSampler.Rows(Height) + Offset(images, 1, Height, "row"), ImageSampler.Columns(Width) + Offset(images, 2, Width, "column"));
    }

    /// <summary>Where each window begins: 0 to the room that is left, evenly.</summary>
    private static Tensor Offset(Tensor images, int axis, int extent, string use) =>
        Tensor.Floor(Tensor.RandomUniform([images.Shape[0], 1, 1], use) * (images.Shape[axis] - extent + 1));

    private void RequireRoom(Shape shape)
    {
        if (shape[1] < Height || shape[2] < Width)
            throw new ShapeException($"Layer {Path} cuts out {Height} x {Width} pixels and expects images of at least this size, but found an input of shape {shape}.");
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("height", Height);
        config.Set("width", Width);
    }

    internal static RandomCrop Read(LayerConfig config) => new(config.GetInt32("height"), config.GetInt32("width"));
}
