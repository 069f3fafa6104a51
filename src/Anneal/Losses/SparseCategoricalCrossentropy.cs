namespace Anneal;

/// <summary>The negative logarithm of the probability of the labelled class.</summary>
internal sealed class SparseCategoricalCrossentropy(bool fromLogits, long ignoreIndex, double labelSmoothing) : Loss
{
    private readonly double _smoothing = CrossentropyMath.RequireSmoothing(labelSmoothing, "sparse_categorical_crossentropy");

    public override string Name => "sparse_categorical_crossentropy";

    protected internal override TargetKind Targets => TargetKind.Labels;

    protected internal override bool FromLogits => fromLogits;

    protected internal override long IgnoreIndex => ignoreIndex;

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        Tensor log = CrossentropyMath.LogProbabilities(output, fromLogits);
        Tensor loss = -CrossentropyMath.OfLabel(log, target);
        return _smoothing > 0 ? loss * (1 - _smoothing) - log.Sum([-1]) * (_smoothing / output.Shape[^1]) : loss;
    }

    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("fromLogits", fromLogits);
        config.Set("ignoreIndex", ignoreIndex);
        config.Set("labelSmoothing", _smoothing);
    }

    internal static SparseCategoricalCrossentropy Read(LayerConfig config) =>
        new(config.GetBoolean("fromLogits"), config.GetInt64("ignoreIndex"), CrossentropyMath.ReadSmoothing(config));
}
