namespace Anneal;

/// <summary>Squared near the target, absolute further away than <paramref name="delta"/> (Huber, 1964).</summary>
internal sealed class HuberLoss(double delta) : Loss
{
    private readonly double _delta = delta > 0 && double.IsFinite(delta)
        ? delta
        : throw new OptionException(FormattableString.Invariant($"huber: delta must be a finite number above 0, but is {delta}."));

    public override string Name => "huber";

    protected internal override Tensor Values(Tensor output, Tensor target) =>
        MeanOfPositions(Of(Tensor.Abs(output - target), _delta), output);

    protected internal override void WriteConfig(LayerConfig config) => config.Set("delta", _delta);

    internal static HuberLoss Read(LayerConfig config) => new(config.GetDouble("delta"));

    /// <summary>Half the square of sizes up to delta, delta · (size - delta / 2) beyond it: one formula with the smaller of both.</summary>
    internal static Tensor Of(Tensor size, double delta)
    {
        Tensor inner = Tensor.Select(size.LessOrEqual(delta), size, size.FillLike(delta));
        return inner * (size - inner * 0.5);
    }
}
