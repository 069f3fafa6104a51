namespace Anneal;

/// <summary>The share of labels at which the output is largest.</summary>
internal sealed class SparseCategoricalAccuracy() : SumMetric("sparse_categorical_accuracy")
{
    public override string TypeName => "sparse_categorical_accuracy";

    protected internal override MetricSum Measure(Tensor output, Tensor target, Loss loss, Tensor? counts) => loss.Targets == TargetKind.Labels
        ? MetricSum.OfTrue(output.ArgMax().EqualTo(target), counts)
        : throw new ModelException($"The metric {Name} needs labels that are numbers of classes, but the loss {loss.Name} has other targets.");
}
