namespace Anneal;

/// <summary>
/// Puts zero steps before and after sequences: input <c>[batch, time, channels]</c>, output the same with more steps. Added steps do not
/// count where the input has a mask.
/// </summary>
public sealed class ZeroPadding1D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="padding">How many steps are added on each side; null is 1.</param>
    /// <param name="name">The name; null takes <c>zero_padding1d</c> with a counter.</param>
    /// <exception cref="OptionException">A margin is negative.</exception>
    public ZeroPadding1D(Margin1D? padding = null, string? name = null) : base(name) =>
        Padding = Margins.NotNegative(padding ?? 1, nameof(ZeroPadding1D), nameof(padding));

    /// <summary>How many steps are added on each side.</summary>
    public Margin1D Padding { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Rank(input.Shape, 3, this, "[batch, time, channels]");
        return Margins.Pad(input, Padding);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) =>
        MaskOf(inputs[0]) is { } mask ? Margins.Pad(mask, Padding) : null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => Padding.Write(config, "padding");

    internal static ZeroPadding1D Read(LayerConfig config) => new(Margin1D.Read(config, "padding"));
}
