namespace Anneal;

/// <summary>x where it is positive, else alpha · (exp(x) - 1) (Clevert, Unterthiner, Hochreiter, 2015). The shape stays.</summary>
public sealed class Elu : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="alpha">What the function approaches below 0, negated; at least 0.</param>
    /// <param name="name">The name; null takes <c>elu</c> with a counter.</param>
    /// <exception cref="OptionException">Alpha is negative or not finite.</exception>
    public Elu(double alpha = 1, string? name = null) : base(name) =>
        Alpha = Require.Within(alpha, 0, double.PositiveInfinity, nameof(Elu), nameof(alpha));

    /// <summary>What the function approaches below 0, negated.</summary>
    public double Alpha { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        return Tensor.Elu(input, Alpha);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("alpha", Alpha);

    internal static Elu Read(LayerConfig config) => new(config.GetDouble("alpha"));
}
