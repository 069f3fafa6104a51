namespace Anneal;

/// <summary>The mean over classes of intersection over union of labels and predictions, of the classes that occur in either.</summary>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class MeanIntersectionOverUnion(double threshold = 0.5) : ConfusionMetric("mean_iou", threshold)
{
    /// <inheritdoc/>
    protected override double Compute() => Counts.MeanIntersectionOverUnion;

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new MeanIntersectionOverUnion(Threshold);

    internal static MeanIntersectionOverUnion Read(LayerConfig config) => new(config.GetDouble("threshold"));
}
