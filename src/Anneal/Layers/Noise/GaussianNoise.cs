namespace Anneal;

/// <summary>In training, adds normally distributed noise of mean 0 to each element.</summary>
public sealed class GaussianNoise : NoiseLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="deviation">The standard deviation of the noise; at least 0.</param>
    /// <param name="name">The name; null takes <c>gaussian_noise</c> with a counter.</param>
    /// <exception cref="OptionException">The deviation is negative or not finite.</exception>
    public GaussianNoise(double deviation, string? name = null) : base(name) =>
        Deviation = Require.Within(deviation, 0, double.PositiveInfinity, nameof(GaussianNoise), nameof(deviation));

    /// <summary>The standard deviation of the noise.</summary>
    public double Deviation { get; }

    private protected override Tensor Disturb(Tensor input) => Deviation == 0
        ? input
        : input + (Tensor.RandomNormal(input.Shape, "noise") * Deviation).Cast(input.DType);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("deviation", Deviation);

    internal static GaussianNoise Read(LayerConfig config) => new(config.GetDouble("deviation"));
}
