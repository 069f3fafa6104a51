namespace Anneal;

/// <summary>The penalty factor · sum(|x|), which drives small elements to 0.</summary>
public sealed record L1 : Regularizer
{
    /// <summary>Makes the regularizer.</summary>
    /// <param name="factor">The factor; finite and at least 0.</param>
    /// <exception cref="OptionException">The factor is out of range.</exception>
    public L1(double factor = 0.01) => Factor = Factor0(factor, nameof(factor));

    /// <summary>The factor.</summary>
    public double Factor { get; }

    /// <inheritdoc/>
    public override Tensor Penalty(Tensor x) => Tensor.Abs(x).Sum() * Factor;

    internal override void WriteConfig(LayerConfig config) => config.Set("factor", Factor);
}
