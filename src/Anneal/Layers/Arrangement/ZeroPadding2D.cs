namespace Anneal;

/// <summary>Surrounds images with zeros: input <c>[batch, height, width, channels]</c>, output the same with more rows and columns.</summary>
public sealed class ZeroPadding2D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="padding">How many rows and columns are added on each side; null is 1.</param>
    /// <param name="name">The name; null takes <c>zero_padding2d</c> with a counter.</param>
    /// <exception cref="OptionException">A margin is negative.</exception>
    public ZeroPadding2D(Margin2D? padding = null, string? name = null) : base(name) =>
        Padding = Margins.NotNegative(padding ?? 1, nameof(ZeroPadding2D), nameof(padding));

    /// <summary>How many rows and columns are added on each side.</summary>
    public Margin2D Padding { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Rank(input.Shape, 4, this, "[batch, height, width, channels]");
        return Margins.Pad(input, Padding.Rows, Padding.Columns);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) =>
        MaskOf(inputs[0]) is { } mask ? Margins.Pad(mask, Padding.Rows) : null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => Padding.Write(config, "padding");

    internal static ZeroPadding2D Read(LayerConfig config) => new(Margin2D.Read(config, "padding"));
}
