namespace Anneal;

/// <summary>The share of outputs on the right side of a threshold.</summary>
internal sealed class BinaryAccuracy : SumMetric
{
    private readonly double _threshold;

    internal BinaryAccuracy(double threshold) : base("binary_accuracy") => _threshold = double.IsFinite(threshold)
        ? threshold
        : throw new OptionException("binary_accuracy: threshold must be a finite number.");

    public override string TypeName => "binary_accuracy";

    protected internal override MetricSum Measure(Tensor output, Tensor target, Loss loss, Tensor? counts) => target.Type != output.Type
        ? throw new ModelException($"The metric {Name} compares outputs with targets of the same shape, but the loss {loss.Name} has targets {target.Type} for outputs {output.Type}.")
        : MetricSum.OfTrue(Agree(output.GreaterThan(_threshold), target.GreaterThan(0.5)), counts);

    protected internal override void WriteConfig(LayerConfig config) => config.Set("threshold", _threshold);

    private static Tensor Agree(Tensor a, Tensor b) => (a & b) | !(a | b);
}
