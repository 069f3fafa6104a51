namespace Anneal;

/// <summary>
/// sum(t · (log t - log p)) over the classes: how far predicted distributions p are from targets t; 0 · log 0 is 0. The mean over examples is
/// what PyTorch calls <c>batchmean</c>.
/// </summary>
internal sealed class KullbackLeiblerLoss(bool fromLogits) : Loss
{
    public override string Name => "kl_divergence";

    protected internal override TargetKind Targets => TargetKind.Distributions;

    protected internal override bool FromLogits => fromLogits;

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor none = target.LessOrEqual(0);
        Tensor logTarget = Tensor.Log(Tensor.Select(none, target.FillLike(1), target));
        return (target * (logTarget - CrossentropyMath.LogProbabilities(output, fromLogits))).Sum([-1]);
    }

    protected internal override void WriteConfig(LayerConfig config) => config.Set("fromLogits", fromLogits);

    internal static KullbackLeiblerLoss Read(LayerConfig config) => new(config.GetBoolean("fromLogits"));
}
