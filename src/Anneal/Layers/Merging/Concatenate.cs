namespace Anneal;

/// <summary>Puts its inputs one after another along an axis; their other axes are equal.</summary>
public sealed class Concatenate : MergeLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="axis">The axis, counted from the end where it is negative; not 0, which counts the examples.</param>
    /// <param name="name">The name; null takes <c>concatenate</c> with a counter.</param>
    /// <exception cref="OptionException">The axis is 0.</exception>
    public Concatenate(int axis = -1, string? name = null) : base(name) => Axis = axis != 0
        ? axis
        : throw new OptionException($"{nameof(Concatenate)}: axis must not be 0, which counts the examples.");

    /// <summary>The axis, counted from the end where it is negative.</summary>
    public int Axis { get; }

    /// <inheritdoc/>
    protected override Tensor Call(IReadOnlyList<Tensor> inputs)
    {
        Shape first = inputs[0].Shape;
        int axis = Axis < 0 ? Axis + first.Rank : Axis;
        if (axis < 1 || axis >= first.Rank)
            throw new ShapeException($"Layer {Path} joins along axis {Axis}, which must be an axis of the inputs behind the examples, but found {first}.");
        if (inputs.FirstOrDefault(i => i.DType != inputs[0].DType) is { } other)
            throw new DTypeException($"Layer {Path} expects inputs of one data type, but found {inputs[0].Type} and {other.Type}.");
        foreach (Tensor input in inputs)
        {
            bool fits = input.Shape.Rank == first.Rank;
            for (int i = 0; fits && i < first.Rank; i++)
                fits = i == axis || input.Shape[i] == first[i];
            if (!fits)
                throw new ShapeException($"Layer {Path} expects inputs that differ along axis {Axis} only, but found {first} and {input.Shape}.");
        }

        return Tensor.Concat(axis, [.. inputs]);
    }

    /// <summary>
    /// Along time the masks follow one another like the steps; along another axis a step counts where it counts in every input.
    /// </summary>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(output);
        if (output.Shape.Axis(Axis) != 1)
            return base.ComputeMask(inputs, output);
        return inputs.All(i => MaskOf(i) is null)
            ? null
            : Tensor.Concat(1, [.. inputs.Select(i => MaskOf(i) ?? Tensor.Full(i.Shape[..2], 1, DType.Bool))]);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("axis", Axis);

    internal static Concatenate Read(LayerConfig config) => new(config.GetInt32("axis"));
}
