namespace Anneal;

/// <summary>
/// Normalizes each channel of each example over all places (Ulyanov, Vedaldi and Lempitsky, 2016): input and output
/// <c>[batch, ..., channels]</c> with at least one axis in between; factor and offset <c>[channels]</c>.
/// </summary>
public sealed class InstanceNormalization : NormalizationLayer
{
    private Shape _channels;

    /// <summary>Makes the layer.</summary>
    /// <param name="epsilon">What is added to the variance; at least 0.</param>
    /// <param name="center">Whether a learned offset is added.</param>
    /// <param name="scale">Whether a learned factor is applied.</param>
    /// <param name="betaInitializer">The first value of the offset; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="gammaInitializer">The first value of the factor; null is <see cref="Initializer.Ones"/>.</param>
    /// <param name="name">The name; null takes <c>instance_normalization</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public InstanceNormalization(
        double epsilon = 1e-5, bool center = true, bool scale = true,
        Initializer? betaInitializer = null, Initializer? gammaInitializer = null, string? name = null)
        : base(nameof(InstanceNormalization), epsilon, center, scale, betaInitializer, gammaInitializer, name)
    {
    }

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        _channels = inputShape[ResolveAxis(inputShape, -1)];
        AddAffine(_channels);
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.FloatingPoint(input, this);
        RequireBuiltFor(_channels, input.Shape[ResolveAxis(input.Shape, -1)], input.Shape);
        if (input.Shape[1..^1].ElementCount <= 1)
            throw new ShapeException($"Layer {Path} needs more than one place for each channel, because one value has no variance, but found an input of shape {input.Shape}.");
        return input.InstanceNorm(Gamma?.Read(), Beta?.Read(), Epsilon);
    }

    internal static InstanceNormalization Read(LayerConfig config) => new(
        config.GetDouble("epsilon"), config.GetBoolean("center"), config.GetBoolean("scale"),
        config.GetInitializer("betaInitializer"), config.GetInitializer("gammaInitializer"));
}
