namespace Anneal;

/// <summary>
/// Cuts steps off sequences: input <c>[batch, time, channels]</c>, output the same with fewer steps. The mask of the input is cut in the
/// same way.
/// </summary>
public sealed class Cropping1D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="cropping">How many steps are cut off on each side.</param>
    /// <param name="name">The name; null takes <c>cropping1d</c> with a counter.</param>
    /// <exception cref="OptionException">A margin is negative.</exception>
    public Cropping1D(Margin1D cropping, string? name = null) : base(name) =>
        Cropping = Margins.NotNegative(cropping, nameof(Cropping1D), nameof(cropping));

    /// <summary>How many steps are cut off on each side.</summary>
    public Margin1D Cropping { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Rank(input.Shape, 3, this, "[batch, time, channels]");
        return Margins.Crop(this, input, Cropping);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) =>
        MaskOf(inputs[0]) is { } mask ? Margins.Crop(this, mask, Cropping) : null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => Cropping.Write(config, "cropping");

    internal static Cropping1D Read(LayerConfig config) => new(Margin1D.Read(config, "cropping"));
}
