namespace Anneal;

/// <summary>
/// Normalizes each example with its own mean and biased variance over some of its axes (Ba, Kiros and Hinton, 2016): input and output
/// <c>[batch, ..., features]</c>; factor and offset have the extents of these axes.
/// </summary>
public sealed class LayerNormalization : NormalizationLayer
{
    private readonly int[] _axes;
    private Shape _normalized;

    /// <summary>Makes the layer.</summary>
    /// <param name="axes">The axes of which the mean is taken, counted from the end where they are negative, without 0; null is the last.</param>
    /// <param name="epsilon">What is added to the variance; at least 0.</param>
    /// <param name="center">Whether a learned offset is added.</param>
    /// <param name="scale">Whether a learned factor is applied.</param>
    /// <param name="betaInitializer">The first value of the offset; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="gammaInitializer">The first value of the factor; null is <see cref="Initializer.Ones"/>.</param>
    /// <param name="name">The name; null takes <c>layer_normalization</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public LayerNormalization(
        IReadOnlyList<int>? axes = null, double epsilon = 1e-5, bool center = true, bool scale = true,
        Initializer? betaInitializer = null, Initializer? gammaInitializer = null, string? name = null)
        : base(nameof(LayerNormalization), epsilon, center, scale, betaInitializer, gammaInitializer, name)
    {
        _axes = axes is null ? [-1] : [.. axes.Select(a => NotExamples(a, nameof(LayerNormalization)))];
        if (_axes.Length == 0 || _axes.Distinct().Count() != _axes.Length)
            throw new OptionException($"{nameof(LayerNormalization)}: axes must be different ones, at least one, but are [{string.Join(", ", _axes)}].");
    }

    /// <summary>The axes of which the mean is taken, counted from the end where they are negative.</summary>
    public IReadOnlyList<int> Axes => _axes;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        _normalized = new Shape([.. ResolveAxes(inputShape).Select(a => inputShape[a])]);
        AddAffine(_normalized);
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.FloatingPoint(input, this);
        int[] axes = ResolveAxes(input.Shape);
        RequireBuiltFor(_normalized, new Shape([.. axes.Select(a => input.Shape[a])]), input.Shape);
        var spread = new long[input.Shape.Rank];
        for (int i = 0; i < spread.Length; i++)
            spread[i] = axes.Contains(i) ? input.Shape[i] : 1;
        return input.LayerNorm(axes, Gamma?.Read().Reshape(new Shape(spread)), Beta?.Read().Reshape(new Shape(spread)), Epsilon);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("axes", [.. _axes.Select(a => (long)a)]);
        base.WriteConfig(config);
    }

    internal static LayerNormalization Read(LayerConfig config) => new(
        config.GetInt32Array("axes"), config.GetDouble("epsilon"), config.GetBoolean("center"), config.GetBoolean("scale"),
        config.GetInitializer("betaInitializer"), config.GetInitializer("gammaInitializer"));

    /// <summary>The axes counted from the first, in their order.</summary>
    private int[] ResolveAxes(Shape shape)
    {
        int[] axes = [.. _axes.Select(a => ResolveAxis(shape, a)).Order()];
        return axes.Distinct().Count() == axes.Length
            ? axes
            : throw new ShapeException($"Layer {Path} names an axis twice with [{string.Join(", ", _axes)}] for an input of shape {shape}.");
    }
}
