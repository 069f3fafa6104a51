namespace Anneal;

/// <summary>The accuracy that belongs to the loss.</summary>
internal sealed class Accuracy() : Metric("accuracy")
{
    internal override MetricSum Measure(Tensor output, Tensor target, Loss loss) => loss switch
    {
        SparseCategoricalCrossentropy => SparseCategoricalAccuracy().Measure(output, target, loss),
        CategoricalCrossentropy => CategoricalAccuracy().Measure(output, target, loss),
        _ => BinaryAccuracy(loss.FromLogits ? 0 : 0.5).Measure(output, target, loss),
    };

    internal override void WriteConfig(LayerConfig config)
    {
    }
}
