namespace Anneal;

/// <summary>The cross-entropy between a distribution over classes and the predicted one.</summary>
internal sealed class CategoricalCrossentropy(bool fromLogits, double labelSmoothing) : Loss
{
    private readonly double _smoothing = CrossentropyMath.RequireSmoothing(labelSmoothing, "categorical_crossentropy");

    public override string Name => "categorical_crossentropy";

    protected internal override TargetKind Targets => TargetKind.Distributions;

    protected internal override bool FromLogits => fromLogits;

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        if (_smoothing > 0)
            target = target * (1 - _smoothing) + _smoothing / output.Shape[^1];
        return -(target * CrossentropyMath.LogProbabilities(output, fromLogits)).Sum([-1]);
    }

    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("fromLogits", fromLogits);
        config.Set("labelSmoothing", _smoothing);
    }

    internal static CategoricalCrossentropy Read(LayerConfig config) => new(config.GetBoolean("fromLogits"), CrossentropyMath.ReadSmoothing(config));
}
