namespace Anneal;

/// <summary>exp(x) divided by its sum along an axis, so that elements are at least 0 and add up to 1. The shape stays.</summary>
public sealed class Softmax : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="axis">The axis, counted from the end where it is negative; not 0, which counts the examples.</param>
    /// <param name="name">The name; null takes <c>softmax</c> with a counter.</param>
    /// <exception cref="OptionException">The axis is 0.</exception>
    public Softmax(int axis = -1, string? name = null) : base(name) => Axis = axis != 0
        ? axis
        : throw new OptionException($"{nameof(Softmax)}: axis must not be 0, which counts the examples.");

    /// <summary>The axis, counted from the end where it is negative.</summary>
    public int Axis { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        int axis = Axis < 0 ? Axis + input.Shape.Rank : Axis;
        if (axis < 1 || axis >= input.Shape.Rank)
            throw new ShapeException($"Layer {Path} has the axis {Axis}, which an input of shape {input.Shape} does not have after the batch.");
        return input.Softmax(axis);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("axis", Axis);

    internal static Softmax Read(LayerConfig config) => new(config.GetInt32("axis"));
}
