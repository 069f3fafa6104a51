namespace Anneal;

/// <summary>
/// Cuts rows and columns off images: input <c>[batch, height, width, channels]</c>, output the same with fewer rows and columns.
/// </summary>
public sealed class Cropping2D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="cropping">How many rows and columns are cut off on each side.</param>
    /// <param name="name">The name; null takes <c>cropping2d</c> with a counter.</param>
    /// <exception cref="OptionException">A margin is negative.</exception>
    public Cropping2D(Margin2D cropping, string? name = null) : base(name) =>
        Cropping = Margins.NotNegative(cropping, nameof(Cropping2D), nameof(cropping));

    /// <summary>How many rows and columns are cut off on each side.</summary>
    public Margin2D Cropping { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Rank(input.Shape, 4, this, "[batch, height, width, channels]");
        return Margins.Crop(this, input, Cropping.Rows, Cropping.Columns);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) =>
        MaskOf(inputs[0]) is { } mask ? Margins.Crop(this, mask, Cropping.Rows) : null;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => Cropping.Write(config, "cropping");

    internal static Cropping2D Read(LayerConfig config) => new(Margin2D.Read(config, "cropping"));
}
