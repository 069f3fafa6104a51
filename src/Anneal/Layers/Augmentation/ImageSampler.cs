namespace Anneal;

/// <summary>Reads images between and beyond their pixels.</summary>
/// <param name="FillMode">What lies beyond.</param>
/// <param name="Interpolation">What lies between.</param>
/// <param name="FillValue">The value beyond, with <see cref="FillMode.Constant"/>.</param>
internal sealed record ImageSampler(FillMode FillMode, Interpolation Interpolation, double FillValue)
{
    /// <summary>Checks options of a layer.</summary>
    internal static ImageSampler Checked(FillMode fillMode, Interpolation interpolation, double fillValue, string layer)
    {
        Require.Defined(fillMode, layer, nameof(fillMode));
        Require.Defined(interpolation, layer, nameof(interpolation));
        if (!double.IsFinite(fillValue) || (fillValue != 0 && fillMode != FillMode.Constant))
            throw new OptionException(FormattableString.Invariant($"{layer}: fillValue must be finite, and is used with {FillMode.Constant} only, but is {fillValue} with {fillMode}."));
        return new ImageSampler(fillMode, interpolation, fillValue);
    }

    internal void Write(LayerConfig config)
    {
        config.Set("fillMode", FillMode);
        config.Set("interpolation", Interpolation);
        config.Set("fillValue", FillValue);
    }

    /// <summary>The whole numbers 0, 1, ... along the rows, <c>[1, height, 1]</c>.</summary>
    internal static Tensor Rows(long height, DType dtype = DType.Float32) => Tensor.Range(height, dtype).Reshape(1, height, 1);

    /// <summary>The whole numbers 0, 1, ... along the columns, <c>[1, 1, width]</c>.</summary>
    internal static Tensor Columns(long width, DType dtype = DType.Float32) => Tensor.Range(width, dtype).Reshape(1, 1, width);

    /// <summary>
    /// The images <c>[batch, height, width, channels]</c> at places of their own: rows and columns are float32 and broadcast to
    /// <c>[batch, height', width']</c>. Gradients flow to the pixels, not to the places.
    /// </summary>
    internal Tensor Sample(Tensor images, Tensor rows, Tensor columns)
    {
        // The places are chance or counted: no gradient leads to either.
        if (Interpolation == Interpolation.Nearest)
            return Tap(images, Tensor.Floor(rows + 0.5), Tensor.Floor(columns + 0.5));
        Tensor top = Tensor.Floor(rows), left = Tensor.Floor(columns);
        Tensor below = (rows - top).ExpandAxis(-1).Cast(images.DType), right = (columns - left).ExpandAxis(-1).Cast(images.DType);
        Tensor upper = Tap(images, top, left) * (1 - right) + Tap(images, top, left + 1) * right;
        Tensor lower = Tap(images, top + 1, left) * (1 - right) + Tap(images, top + 1, left + 1) * right;
        return upper * (1 - below) + lower * below;
    }

    /// <summary>The pixels at whole places, given as float32.</summary>
    private Tensor Tap(Tensor images, Tensor rows, Tensor columns)
    {
        long height = images.Shape[1], width = images.Shape[2];
        Tensor pixels = Pixels(images, Fold(rows, height), Fold(columns, width));
        if (FillMode != FillMode.Constant)
            return pixels;
        Tensor inside = (rows.GreaterOrEqual(0) & rows.LessThan(height)) & (columns.GreaterOrEqual(0) & columns.LessThan(width));
        return Tensor.Select(inside.ExpandAxis(-1), pixels, pixels.FillLike(FillValue));
    }

    /// <summary>The pixels of <c>[batch, height, width, channels]</c> at whole places inside of the images, given as float32.</summary>
    internal static Tensor Pixels(Tensor images, Tensor rows, Tensor columns)
    {
        (long batch, long height, long width, long channels) = (images.Shape[0], images.Shape[1], images.Shape[2], images.Shape[3]);
        DType index = batch * height * width <= int.MaxValue ? DType.Int32 : DType.Int64;
        Tensor first = Tensor.Range(batch, index).Reshape(batch, 1, 1) * (height * width);
        Tensor row = Tensor.Clamp(rows, 0, height - 1).Cast(index), column = Tensor.Clamp(columns, 0, width - 1).Cast(index);
        return images.Reshape(batch * height * width, channels).Gather(first + row * width + column);
    }

    /// <summary>The pixel of an axis that stands for a whole place, which may lie beyond. Quotients are exact where they are whole.</summary>
    private Tensor Fold(Tensor place, long extent)
    {
        if (FillMode is FillMode.Constant or FillMode.Nearest)
            return place;
        if (FillMode == FillMode.Wrap)
            return place - Tensor.Floor(place / extent) * extent;
        Tensor mirrored = place - Tensor.Floor(place / (2 * extent)) * (2 * extent);
        return Tensor.Minimum(mirrored, 2 * extent - 1 - mirrored);
    }
}
