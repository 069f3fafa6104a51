namespace Anneal;

/// <summary>Of the examples of a class, the share that was predicted as it; 0 where there are none.</summary>
/// <param name="averaging">How the scores of classes become one.</param>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class Recall(Averaging averaging = Averaging.Binary, double threshold = 0.5) : AveragedMetric("recall", averaging, threshold)
{
    /// <inheritdoc/>
    protected override double Compute() => Counts.Recall(Averaging);

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new Recall(Averaging, Threshold);

    internal static Recall Read(LayerConfig config) => new(config.GetEnum<Averaging>("averaging"), config.GetDouble("threshold"));
}
