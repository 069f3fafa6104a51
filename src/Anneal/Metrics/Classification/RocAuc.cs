namespace Anneal;

/// <summary>
/// The area under the receiver operating characteristic: the chance that an example of class 1 has a larger score than one of class 0, ties
/// counting half; exact. For more than two classes the mean over classes, each against the others, as scikit-learn's <c>ovr</c>, for which outputs should be probabilities.
/// Undefined where a class has no examples, or all of them.
/// </summary>
/// <param name="averaging">How the areas of more than two classes become one: macro or weighted.</param>
public sealed class RocAuc(Averaging averaging = Averaging.Macro) : ScoreMetric("auc", averaging)
{
    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new RocAuc(Averaging);

    private protected override double Compute(ScoreCurve curve) => curve.AreaUnderRoc();

    internal static RocAuc Read(LayerConfig config) => new(config.GetEnum<Averaging>("averaging"));
}
