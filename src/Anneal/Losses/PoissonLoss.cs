namespace Anneal;

/// <summary>The negative logarithm of the Poisson probability of the targets, without the part that depends on them alone.</summary>
internal sealed class PoissonLoss(bool logInput) : Loss
{
    public override string Name => "poisson";

    protected internal override (double Low, double High) TargetRange => (0, float.MaxValue);

    protected internal override Tensor Values(Tensor output, Tensor target) => MeanOfPositions(
        logInput ? Tensor.Exp(output) - target * output : output - target * Tensor.Log(output + CrossentropyMath.Epsilon), output);

    protected internal override void WriteConfig(LayerConfig config) => config.Set("logInput", logInput);

    internal static PoissonLoss Read(LayerConfig config) => new(config.GetBoolean("logInput"));
}
