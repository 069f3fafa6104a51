namespace Anneal;

/// <summary>How far labels and predictions agree beyond chance (Cohen, 1960); undefined where all of both are of one class.</summary>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class CohenKappa(double threshold = 0.5) : ConfusionMetric("cohen_kappa", threshold)
{
    /// <inheritdoc/>
    protected override double Compute() => Counts.CohenKappa;

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new CohenKappa(Threshold);

    internal static CohenKappa Read(LayerConfig config) => new(config.GetDouble("threshold"));
}
