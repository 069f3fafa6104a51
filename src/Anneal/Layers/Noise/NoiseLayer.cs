namespace Anneal;

/// <summary>
/// What layers that disturb their input in training have in common; otherwise they give it unchanged. Input and output have one shape and
/// any floating-point type. Chance follows from the model's seed, the layer's path and the number of the step.
/// </summary>
public abstract class NoiseLayer : Layer
{
    private protected NoiseLayer(string? name) : base(name)
    {
    }

    /// <inheritdoc/>
    protected sealed override Tensor Call(Tensor input)
    {
        Require.FloatingPoint(input, this);
        Check(input.Shape);
        return Trace.Current is { Training: true } ? Disturb(input) : input;
    }

    /// <summary>Makes sure that the layer can take a shape, in training and inference alike.</summary>
    private protected virtual void Check(Shape shape)
    {
    }

    private protected abstract Tensor Disturb(Tensor input);

    /// <summary>Whether to keep each element of a shape: with the probability 1 - <paramref name="rate"/>.</summary>
    private protected static Tensor Kept(Shape shape, double rate, string use) => Tensor.RandomUniform(shape, use).GreaterOrEqual(rate);
}
