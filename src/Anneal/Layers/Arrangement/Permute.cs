namespace Anneal;

/// <summary>
/// The axes of each example in another order: axis i of the output is axis <c>axes[i - 1]</c> of the input, where axis 0, which counts the
/// examples, stays (as Keras). With <c>[2, 1]</c>, <c>[batch, time, channels]</c> becomes <c>[batch, channels, time]</c>.
/// </summary>
public sealed class Permute : Layer
{
    private readonly int[] _axes;

    /// <summary>Makes the layer.</summary>
    /// <param name="axes">Each of the numbers from 1 to the number of axes of an example, once.</param>
    /// <param name="name">The name; null takes <c>permute</c> with a counter.</param>
    /// <exception cref="OptionException">The axes are not such numbers.</exception>
    public Permute(IReadOnlyList<int> axes, string? name = null) : base(name)
    {
        ArgumentNullException.ThrowIfNull(axes);
        _axes = [.. axes];
        if (_axes.Length == 0 || !_axes.Order().SequenceEqual(Enumerable.Range(1, _axes.Length)))
            throw new OptionException($"{nameof(Permute)}: axes must be the numbers from 1 to their count in some order, but are [{string.Join(", ", _axes)}].");
    }

    /// <summary>Which axis of the input each axis of the output is.</summary>
    public IReadOnlyList<int> Axes => _axes;

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        if (input.Shape.Rank != _axes.Length + 1)
            throw new ShapeException($"Layer {Path} expects examples of {_axes.Length} axes, but found an input of shape {input.Shape}.");
        return input.Transpose([0, .. _axes]);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) => _axes[0] == 1 ? base.ComputeMask(inputs, output) : null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("axes", [.. _axes.Select(a => (long)a)]);

    internal static Permute Read(LayerConfig config) => new(config.GetInt32Array("axes"));
}
