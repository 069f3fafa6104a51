namespace Anneal;

/// <summary>
/// What enters a model: the first layer of a <see cref="Sequential"/> that is to be built at once, or the beginning of a functional
/// <see cref="Model"/>. Gives its input unchanged.
/// </summary>
public sealed class Input : Layer
{
    private LayerOutput? _output;

    /// <summary>Makes the layer.</summary>
    /// <param name="shape">The extents of one example, without the batch.</param>
    /// <param name="dtype">The type of the elements.</param>
    /// <param name="name">The name; null takes <c>input</c> with a counter.</param>
    public Input(Shape shape, DType dtype = DType.Float32, string? name = null) : base(name) => Type = new TensorType(dtype, shape);

    /// <summary>The type of one example.</summary>
    public TensorType Type { get; }

    /// <summary>The values that enter, to apply layers to.</summary>
    public LayerOutput Output => _output ??= LayerCall.Begin(this);

    /// <summary>The values that enter, to apply layers to.</summary>
    public static implicit operator LayerOutput(Input input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Output;
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        if (input.Shape.Rank < 1 || input.Shape[1..] != Type.Shape)
            throw new ShapeException($"Layer {Path} expects examples of shape {Type.Shape}, but found an input of shape {input.Shape}.");
        if (input.DType != Type.DType)
            throw new DTypeException($"Layer {Path} expects {Type.DType.Name()}, but found an input {input.Type}.");
        return input;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("shape", Type.Shape.Extents);
        config.Set("dtype", Type.DType);
    }

    internal static Input Read(LayerConfig config) => new(new Shape(config.GetInt64Array("shape")), config.GetEnum<DType>("dtype"));
}
