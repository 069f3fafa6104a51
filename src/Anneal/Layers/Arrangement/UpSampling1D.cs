namespace Anneal;

/// <summary>
/// Repeats each step: input <c>[batch, time, channels]</c>, output <c>[batch, time · size, channels]</c>. The mask of the input is repeated
/// in the same way.
/// </summary>
public sealed class UpSampling1D : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="size">How often each step occurs in the output; at least 1.</param>
    /// <param name="name">The name; null takes <c>up_sampling1d</c> with a counter.</param>
    /// <exception cref="OptionException">The size is below 1.</exception>
    public UpSampling1D(int size = 2, string? name = null) : base(name) => Size = Require.AtLeastOne(size, nameof(UpSampling1D), nameof(size));

    /// <summary>How often each step occurs in the output.</summary>
    public int Size { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Rank(input.Shape, 3, this, "[batch, time, channels]");
        return input.RepeatAlong(1, Size);
    }

    /// <inheritdoc/>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output) => MaskOf(inputs[0])?.RepeatAlong(1, Size);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("size", Size);

    internal static UpSampling1D Read(LayerConfig config) => new(config.GetInt32("size"));
}
