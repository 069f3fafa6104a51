namespace Anneal;

/// <summary>
/// What layers that change images by chance have in common: in training each image of <c>[batch, height, width, channels]</c> is changed
/// by a draw of its own; otherwise images pass unchanged. Any floating-point type; half precision is computed in float32. Chance follows
/// from the model's seed, the layer's path and the number of the step.
/// </summary>
public abstract class ImageAugmentation : Layer
{
    private protected ImageAugmentation(string? name) : base(name)
    {
    }

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input)
    {
        Require.FloatingPoint(input, this);
        Require.Rank(input.Shape, 4, this, "[batch, height, width, channels]");
        if (input.Shape.ElementCount == 0)
            throw new ShapeException($"Layer {Path} expects images with at least one pixel, but found an input of shape {input.Shape}.");
        if (Trace.Current is not { Training: true })
            return Pass(input);
        bool isHalf = input.DType is DType.Float16 or DType.BFloat16;
        return Augment(isHalf ? input.Cast(DType.Float32) : input).Cast(input.DType);
    }

    /// <summary>The images outside of training.</summary>
    private protected virtual Tensor Pass(Tensor images) => images;

    /// <summary>The images in training.</summary>
    private protected abstract Tensor Augment(Tensor images);

    /// <summary>Numbers of each image <c>[batch, 1, 1]</c> in the shape and type that go with pixels.</summary>
    private protected static Tensor ForPixels(Tensor perImage, Tensor images) => perImage.ExpandAxis(-1).Cast(images.DType);

    /// <summary>A range of values that is not empty; null is 0 to 1.</summary>
    private protected static Interval Values(Interval? range, string layer)
    {
        Interval values = range ?? new Interval(0, 1);
        return double.IsFinite(values.Low) && double.IsFinite(values.High) && values.Low < values.High
            ? values
            : throw new OptionException($"{layer}: valueRange must have finite ends, the lower one first, but is {values}.");
    }
}
