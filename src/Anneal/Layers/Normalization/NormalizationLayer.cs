namespace Anneal;

/// <summary>
/// What layers that subtract a mean and divide by a deviation have in common: the number that keeps the division from 0, and a learned
/// factor and offset that follow. Input and output have one shape and any floating-point type; half precision is computed in float32.
/// </summary>
public abstract class NormalizationLayer : Layer
{
    private readonly Initializer _betaInitializer, _gammaInitializer;
    private Parameter? _gamma, _beta;

    private protected NormalizationLayer(
        string type, double epsilon, bool center, bool scale, Initializer? betaInitializer, Initializer? gammaInitializer, string? name) : base(name)
    {
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, type, nameof(epsilon));
        (Center, Scale) = (center, scale);
        _betaInitializer = betaInitializer ?? Initializer.Zeros;
        _gammaInitializer = gammaInitializer ?? Initializer.Ones;
    }

    /// <summary>What is added to the variance.</summary>
    public double Epsilon { get; }

    /// <summary>Whether a learned offset is added.</summary>
    public bool Center { get; }

    /// <summary>Whether a learned factor is applied.</summary>
    public bool Scale { get; }

    /// <summary>The factor; null before the layer is built, or where there is none.</summary>
    public Parameter? Gamma => _gamma;

    /// <summary>The offset; null before the layer is built, or where there is none.</summary>
    public Parameter? Beta => _beta;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("epsilon", Epsilon);
        config.Set("center", Center);
        config.Set("scale", Scale);
        config.Set("betaInitializer", _betaInitializer);
        config.Set("gammaInitializer", _gammaInitializer);
    }

    private protected void AddAffine(Shape shape)
    {
        _gamma = Scale ? AddParameter("gamma", shape, _gammaInitializer) : null;
        _beta = Center ? AddParameter("beta", shape, _betaInitializer) : null;
    }

    /// <summary>An axis counted from the first; it must exist and must not count the examples.</summary>
    private protected int ResolveAxis(Shape shape, int axis)
    {
        int resolved = axis < 0 ? axis + shape.Rank : axis;
        return resolved >= 1 && resolved < shape.Rank && shape[resolved] >= 1
            ? resolved
            : throw new ShapeException($"Layer {Path} normalizes with axis {axis}, which must be an axis of the input behind the examples, but found an input of shape {shape}.");
    }

    private protected static int NotExamples(int axis, string type) => axis != 0
        ? axis
        : throw new OptionException($"{type}: axis must not be 0, which counts the examples.");

    private protected void RequireBuiltFor(Shape expected, Shape found, Shape input)
    {
        if (expected != found)
            throw new ShapeException($"Layer {Path} was built for {expected} in the axes that it normalizes, but found an input of shape {input}.");
    }
}
