namespace Anneal;

/// <summary>
/// In training, sets each element with a probability to the value to which <see cref="Activation.Selu"/> saturates, and scales and shifts
/// all so that inputs of mean 0 and variance 1 keep both (Klambauer et al., 2017). It goes with that activation.
/// </summary>
public sealed class AlphaDropout : NoiseLayer
{
    // Minus the product of the two constants of the self-normalizing activation.
    private const double Saturated = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717;

    /// <summary>Makes the layer.</summary>
    /// <param name="rate">The probability of being dropped, at least 0 and below 1.</param>
    /// <param name="name">The name; null takes <c>alpha_dropout</c> with a counter.</param>
    /// <exception cref="OptionException">The rate is out of range.</exception>
    public AlphaDropout(double rate, string? name = null) : base(name) => Rate = Require.Within(rate, 0, 1, nameof(AlphaDropout), nameof(rate));

    /// <summary>The probability of being dropped.</summary>
    public double Rate { get; }

    private protected override Tensor Disturb(Tensor input)
    {
        if (Rate == 0)
            return input;
        double scale = 1 / Math.Sqrt((1 - Rate) * (1 + Rate * Saturated * Saturated));
        return Tensor.Select(Kept(input.Shape, Rate, "dropout"), input, input.FillLike(Saturated)) * scale - scale * Saturated * Rate;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("rate", Rate);

    internal static AlphaDropout Read(LayerConfig config) => new(config.GetDouble("rate"));
}
