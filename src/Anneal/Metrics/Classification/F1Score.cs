namespace Anneal;

/// <summary>The harmonic mean of precision and recall; 0 where there are none.</summary>
/// <param name="averaging">How the scores of classes become one.</param>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class F1Score(Averaging averaging = Averaging.Binary, double threshold = 0.5) : AveragedMetric("f1", averaging, threshold)
{
    /// <inheritdoc/>
    protected override double Compute() => Counts.FBeta(1, Averaging);

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new F1Score(Averaging, Threshold);

    internal static F1Score Read(LayerConfig config) => new(config.GetEnum<Averaging>("averaging"), config.GetDouble("threshold"));
}
