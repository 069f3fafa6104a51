namespace Anneal;

/// <summary>The accuracy that belongs to the loss.</summary>
internal sealed class LossAccuracy() : SumMetric("accuracy")
{
    public override string TypeName => "accuracy";

    protected internal override MetricSum Measure(Tensor output, Tensor target, Loss loss, Tensor? counts) => loss.Targets switch
    {
        TargetKind.Labels => new SparseCategoricalAccuracy().Measure(output, target, loss, counts),
        TargetKind.Distributions => new CategoricalAccuracy().Measure(output, target, loss, counts),
        _ => new BinaryAccuracy(loss.FromLogits ? 0 : 0.5).Measure(output, target, loss, counts),
    };
}
