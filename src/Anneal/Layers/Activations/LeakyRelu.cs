namespace Anneal;

/// <summary>x where it is positive, else x times a slope. The shape stays.</summary>
public sealed class LeakyRelu : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="negativeSlope">The slope below 0; at least 0.</param>
    /// <param name="name">The name; null takes <c>leaky_relu</c> with a counter.</param>
    /// <exception cref="OptionException">The slope is negative or not finite.</exception>
    public LeakyRelu(double negativeSlope = 0.01, string? name = null) : base(name) =>
        NegativeSlope = Require.Within(negativeSlope, 0, double.PositiveInfinity, nameof(LeakyRelu), nameof(negativeSlope));

    /// <summary>The slope below 0.</summary>
    public double NegativeSlope { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        return Tensor.LeakyRelu(input, NegativeSlope);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("negativeSlope", NegativeSlope);

    internal static LeakyRelu Read(LayerConfig config) => new(config.GetDouble("negativeSlope"));
}
