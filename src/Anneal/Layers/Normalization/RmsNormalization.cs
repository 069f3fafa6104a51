namespace Anneal;

/// <summary>
/// Divides by the root of the mean square along one axis, with a learned factor and without a mean or an offset (Zhang and Sennrich,
/// 2019): input and output <c>[batch, ..., features]</c>.
/// </summary>
public sealed class RmsNormalization : Layer
{
    private readonly Initializer _scaleInitializer;
    private Parameter? _scale;

    /// <summary>Makes the layer.</summary>
    /// <param name="axis">The axis of the features, counted from the end where it is negative; not 0.</param>
    /// <param name="epsilon">What is added to the mean square; at least 0.</param>
    /// <param name="scaleInitializer">The first value of the factor; null is <see cref="Initializer.Ones"/>.</param>
    /// <param name="name">The name; null takes <c>rms_normalization</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RmsNormalization(int axis = -1, double epsilon = 1e-6, Initializer? scaleInitializer = null, string? name = null) : base(name)
    {
        Axis = axis != 0 ? axis : throw new OptionException($"{nameof(RmsNormalization)}: axis must not be 0, which counts the examples.");
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, nameof(RmsNormalization), nameof(epsilon));
        _scaleInitializer = scaleInitializer ?? Initializer.Ones;
    }

    /// <summary>The axis of the features, counted from the end where it is negative.</summary>
    public int Axis { get; }

    /// <summary>What is added to the mean square.</summary>
    public double Epsilon { get; }

    /// <summary>The factor <c>[features]</c>; null before the layer is built.</summary>
    public Parameter? Scale => _scale;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape) => _scale = AddParameter("scale", inputShape[ResolveAxis(inputShape)], _scaleInitializer);

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.FloatingPoint(input, this);
        int axis = ResolveAxis(input.Shape);
        if (input.Shape[axis] != _scale!.Shape[0])
            throw new ShapeException($"Layer {Path} was built for {_scale.Shape[0]} features in axis {Axis}, but found an input of shape {input.Shape}.");
        var spread = new long[input.Shape.Rank];
        Array.Fill(spread, 1);
        spread[axis] = input.Shape[axis];
        return input.RmsNorm([axis], _scale.Read().Reshape(new Shape(spread)), Epsilon);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("axis", Axis);
        config.Set("epsilon", Epsilon);
        config.Set("scaleInitializer", _scaleInitializer);
    }

    internal static RmsNormalization Read(LayerConfig config) =>
        new(config.GetInt32("axis"), config.GetDouble("epsilon"), config.GetInitializer("scaleInitializer"));

    private int ResolveAxis(Shape shape)
    {
        int axis = Axis < 0 ? Axis + shape.Rank : Axis;
        return axis >= 1 && axis < shape.Rank && shape[axis] >= 1
            ? axis
            : throw new ShapeException($"Layer {Path} normalizes axis {Axis}, which must be an axis of the input behind the examples, but found an input of shape {shape}.");
    }
}
