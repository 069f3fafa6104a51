namespace Anneal;

/// <summary>The correlation of labels and predictions (Matthews, 1975), from -1 to 1; 0 where all labels or all predictions are of one class.</summary>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class MatthewsCorrelation(double threshold = 0.5) : ConfusionMetric("mcc", threshold)
{
    /// <inheritdoc/>
    protected override double Compute() => Counts.MatthewsCorrelation;

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new MatthewsCorrelation(Threshold);

    internal static MatthewsCorrelation Read(LayerConfig config) => new(config.GetDouble("threshold"));
}
