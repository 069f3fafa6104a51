namespace Anneal;

/// <summary>Absolute, with a parabola within <paramref name="beta"/> of the target (Girshick, 2015): Huber's loss divided by its delta.</summary>
internal sealed class SmoothL1Loss(double beta) : Loss
{
    private readonly double _beta = Require.Within(beta, 0, double.PositiveInfinity, "smooth_l1", nameof(beta));

    public override string Name => "smooth_l1";

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor size = Tensor.Abs(output - target);
        return MeanOfPositions(_beta == 0 ? size : HuberLoss.Of(size, _beta) / _beta, output);
    }

    protected internal override void WriteConfig(LayerConfig config) => config.Set("beta", _beta);

    internal static SmoothL1Loss Read(LayerConfig config) => new(config.GetDouble("beta"));
}
