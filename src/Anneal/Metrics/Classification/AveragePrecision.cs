namespace Anneal;

/// <summary>
/// The mean of the precisions at each score, weighted by the growth of the recall, without interpolation: scikit-learn's
/// <c>average_precision_score</c>. For more than two classes the mean over classes, each against the others. Undefined where a class has no examples.
/// </summary>
/// <param name="averaging">How the values of more than two classes become one: macro or weighted.</param>
public sealed class AveragePrecision(Averaging averaging = Averaging.Macro) : ScoreMetric("average_precision", averaging)
{
    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new AveragePrecision(Averaging);

    private protected override double Compute(ScoreCurve curve) => curve.AveragePrecision();

    internal static AveragePrecision Read(LayerConfig config) => new(config.GetEnum<Averaging>("averaging"));
}
