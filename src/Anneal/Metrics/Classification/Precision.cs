namespace Anneal;

/// <summary>Of the examples predicted as a class, the share that is; 0 where there are none.</summary>
/// <param name="averaging">How the scores of classes become one.</param>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class Precision(Averaging averaging = Averaging.Binary, double threshold = 0.5) : AveragedMetric("precision", averaging, threshold)
{
    /// <inheritdoc/>
    protected override double Compute() => Counts.Precision(Averaging);

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new Precision(Averaging, Threshold);

    internal static Precision Read(LayerConfig config) => new(config.GetEnum<Averaging>("averaging"), config.GetDouble("threshold"));
}
