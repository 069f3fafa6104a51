namespace Anneal;

/// <summary>The share of positions at which output and target are largest at the same place.</summary>
internal sealed class CategoricalAccuracy() : SumMetric("categorical_accuracy")
{
    public override string TypeName => "categorical_accuracy";

    protected internal override MetricSum Measure(Tensor output, Tensor target, Loss loss, Tensor? counts) => target.Type == output.Type && output.Shape.Rank >= 2
        ? MetricSum.OfTrue(output.ArgMax().EqualTo(target.ArgMax()), counts)
        : throw new ModelException($"The metric {Name} compares outputs [batch, ..., classes] with targets of the same shape, but the loss {loss.Name} has targets {target.Type} for outputs {output.Type}.");
}
