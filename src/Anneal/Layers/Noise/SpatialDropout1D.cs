namespace Anneal;

/// <summary>
/// In training, sets whole channels of sequences to 0 with a probability and divides the others by the probability of being kept (Tompson et
/// al., 2015): neighbouring places of a channel tell the same, so dropping single ones would hide little. Input and output
/// <c>[batch, time, channels]</c>.
/// </summary>
public sealed class SpatialDropout1D : NoiseLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="rate">The probability of a channel of an example being dropped, at least 0 and below 1.</param>
    /// <param name="name">The name; null takes <c>spatial_dropout1d</c> with a counter.</param>
    /// <exception cref="OptionException">The rate is out of range.</exception>
    public SpatialDropout1D(double rate, string? name = null) : base(name) => Rate = Require.Within(rate, 0, 1, nameof(SpatialDropout1D), nameof(rate));

    /// <summary>The probability of being dropped.</summary>
    public double Rate { get; }

    private protected override void Check(Shape shape) => Require.Rank(shape, 3, this, "[batch, time, channels]");

    private protected override Tensor Disturb(Tensor input) => Rate == 0
        ? input
        : Tensor.Select(Kept([input.Shape[0], 1, input.Shape[2]], Rate, "dropout"), input * (1 / (1 - Rate)), input.FillLike(0));

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("rate", Rate);

    internal static SpatialDropout1D Read(LayerConfig config) => new(config.GetDouble("rate"));
}
