namespace Anneal;

/// <summary>The mean recall of the classes that have examples.</summary>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class BalancedAccuracy(double threshold = 0.5) : ConfusionMetric("balanced_accuracy", threshold)
{
    /// <inheritdoc/>
    protected override double Compute() => Counts.BalancedAccuracy;

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new BalancedAccuracy(Threshold);

    internal static BalancedAccuracy Read(LayerConfig config) => new(config.GetDouble("threshold"));
}
