namespace Anneal;

/// <summary>
/// In training, multiplies each element by a normally distributed number of mean 1 and variance rate / (1 - rate), the variance that
/// dropout of this rate has (Srivastava et al., 2014).
/// </summary>
public sealed class GaussianDropout : NoiseLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="rate">The rate of the dropout with the same variance, at least 0 and below 1.</param>
    /// <param name="name">The name; null takes <c>gaussian_dropout</c> with a counter.</param>
    /// <exception cref="OptionException">The rate is out of range.</exception>
    public GaussianDropout(double rate, string? name = null) : base(name) => Rate = Require.Within(rate, 0, 1, nameof(GaussianDropout), nameof(rate));

    /// <summary>The rate of the dropout with the same variance.</summary>
    public double Rate { get; }

    private protected override Tensor Disturb(Tensor input) => Rate == 0
        ? input
        : input * (Tensor.RandomNormal(input.Shape, "noise") * Math.Sqrt(Rate / (1 - Rate)) + 1).Cast(input.DType);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("rate", Rate);

    internal static GaussianDropout Read(LayerConfig config) => new(config.GetDouble("rate"));
}
