namespace Anneal;

/// <summary>The share of labels at which the output is largest.</summary>
internal sealed class SparseCategoricalAccuracy() : Metric("sparse_categorical_accuracy")
{
    internal override MetricSum Measure(Tensor output, Tensor target, Loss loss) => loss is SparseCategoricalCrossentropy
        ? MetricSum.OfTrue(output.ArgMax().EqualTo(target), loss.Counts(target))
        : throw new ModelException($"The metric {Name} needs labels that are numbers of classes, but the loss {loss.Name} has other targets.");

    internal override void WriteConfig(LayerConfig config)
    {
    }
}
