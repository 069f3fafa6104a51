namespace Anneal;

/// <summary>The penalty l1 · sum(|x|) + l2 · sum(x²).</summary>
public sealed record L1L2 : Regularizer
{
    /// <summary>Makes the regularizer.</summary>
    /// <param name="l1">The factor of the absolute values; finite and at least 0.</param>
    /// <param name="l2">The factor of the squares; finite and at least 0.</param>
    /// <exception cref="OptionException">A factor is out of range.</exception>
    public L1L2(double l1 = 0, double l2 = 0) => (AbsoluteFactor, SquareFactor) = (Factor0(l1, nameof(l1)), Factor0(l2, nameof(l2)));

    /// <summary>The factor of the absolute values.</summary>
    public double AbsoluteFactor { get; }

    /// <summary>The factor of the squares.</summary>
    public double SquareFactor { get; }

    /// <inheritdoc/>
    public override Tensor Penalty(Tensor x) => Tensor.Abs(x).Sum() * AbsoluteFactor + Tensor.Square(x).Sum() * SquareFactor;

    internal override void WriteConfig(LayerConfig config)
    {
        config.Set("l1", AbsoluteFactor);
        config.Set("l2", SquareFactor);
    }
}
