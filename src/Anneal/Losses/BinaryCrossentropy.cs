namespace Anneal;

/// <summary>The cross-entropy of truth values that do not depend on each other.</summary>
internal sealed class BinaryCrossentropy(bool fromLogits, double labelSmoothing) : Loss
{
    private readonly double _smoothing = CrossentropyMath.RequireSmoothing(labelSmoothing, "binary_crossentropy");

    public override string Name => "binary_crossentropy";

    protected internal override TargetKind Targets => TargetKind.TruthValues;

    protected internal override bool FromLogits => fromLogits;

    protected internal override Tensor Values(Tensor output, Tensor target)
    {
        if (_smoothing > 0)
            target = target * (1 - _smoothing) + 0.5 * _smoothing;
        if (fromLogits)
        {
            // Nothing overflows, and nothing cancels where the prediction is right.
            return MeanOfPositions(target * Tensor.Softplus(-output) + (1 - target) * Tensor.Softplus(output), output);
        }

        Tensor p = Tensor.Clamp(output, CrossentropyMath.Epsilon, 1 - CrossentropyMath.Epsilon);
        return -MeanOfPositions(target * Tensor.Log(p) + (1 - target) * Tensor.Log(1 - p), output);
    }

    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("fromLogits", fromLogits);
        config.Set("labelSmoothing", _smoothing);
    }

    internal static BinaryCrossentropy Read(LayerConfig config) => new(config.GetBoolean("fromLogits"), CrossentropyMath.ReadSmoothing(config));
}
