namespace Anneal;

/// <summary>
/// The receiver operating characteristic: for each threshold from above the largest score down, the shares of examples of class 0 and 1 whose
/// score is at least the threshold. Every score is a point, as with scikit-learn's <c>drop_intermediate=False</c>.
/// </summary>
/// <param name="FalsePositiveRates">The shares of class 0, from 0 to 1.</param>
/// <param name="TruePositiveRates">The shares of class 1, from 0 to 1.</param>
/// <param name="Thresholds">The scores; infinite at first.</param>
public sealed record RocCurve(IReadOnlyList<double> FalsePositiveRates, IReadOnlyList<double> TruePositiveRates, IReadOnlyList<double> Thresholds)
{
    /// <summary>The curve of scores for class 1.</summary>
    /// <param name="scores">The scores, <c>[n]</c> or <c>[n, 1]</c>.</param>
    /// <param name="labels">The classes 0 and 1, as many.</param>
    /// <exception cref="UndefinedMetricException">There are not examples of both classes.</exception>
    /// <exception cref="ShapeException">There are not as many scores as labels.</exception>
    /// <exception cref="LabelException">A label is neither 0 nor 1.</exception>
    /// <exception cref="InputException">A score is NaN.</exception>
    public static RocCurve Of(TensorData scores, TensorData labels)
    {
        ScoreCurve curve = CurveInputs.Sort(scores, labels, nameof(RocCurve));
        curve.RequireBoth();
        return new RocCurve(
            [0, .. curve.Points.Select(p => p.Negatives / (double)curve.Negatives)],
            [0, .. curve.Points.Select(p => p.Positives / (double)curve.Positives)],
            [double.PositiveInfinity, .. curve.Points.Select(p => p.Score)]);
    }

    /// <summary>The curve of scores for class 1.</summary>
    /// <exception cref="AnnealException">As for <see cref="Of(TensorData, TensorData)"/>.</exception>
    public static RocCurve Of<TScore, TLabel>(TScore[] scores, TLabel[] labels) where TScore : unmanaged where TLabel : unmanaged =>
        Of(TensorData.From(scores), TensorData.From(labels));
}

/// <summary>
/// Precision and recall for each threshold from the smallest score up, where an example stands for class 1 if its score is at least the
/// threshold; a last point without a threshold has precision 1 and recall 0, as scikit-learn.
/// </summary>
/// <param name="Precisions">Of the examples that stand for class 1, the shares that are.</param>
/// <param name="Recalls">Of the examples of class 1, the shares that stand for it.</param>
/// <param name="Thresholds">The scores, one less than there are points.</param>
public sealed record PrecisionRecallCurve(IReadOnlyList<double> Precisions, IReadOnlyList<double> Recalls, IReadOnlyList<double> Thresholds)
{
    /// <summary>The curve of scores for class 1.</summary>
    /// <param name="scores">The scores, <c>[n]</c> or <c>[n, 1]</c>.</param>
    /// <param name="labels">The classes 0 and 1, as many.</param>
    /// <exception cref="UndefinedMetricException">There is no example of class 1.</exception>
    /// <exception cref="ShapeException">There are not as many scores as labels.</exception>
    /// <exception cref="LabelException">A label is neither 0 nor 1.</exception>
    /// <exception cref="InputException">A score is NaN.</exception>
    public static PrecisionRecallCurve Of(TensorData scores, TensorData labels)
    {
        ScoreCurve curve = CurveInputs.Sort(scores, labels, nameof(PrecisionRecallCurve));
        curve.RequirePositives();
        curve.Points.Reverse();
        return new PrecisionRecallCurve(
            [.. curve.Points.Select(p => p.Positives / (double)(p.Positives + p.Negatives)), 1],
            [.. curve.Points.Select(p => p.Positives / (double)curve.Positives), 0],
            [.. curve.Points.Select(p => p.Score)]);
    }

    /// <summary>The curve of scores for class 1.</summary>
    /// <exception cref="AnnealException">As for <see cref="Of(TensorData, TensorData)"/>.</exception>
    public static PrecisionRecallCurve Of<TScore, TLabel>(TScore[] scores, TLabel[] labels) where TScore : unmanaged where TLabel : unmanaged =>
        Of(TensorData.From(scores), TensorData.From(labels));
}

/// <summary>What curves are made from.</summary>
internal static class CurveInputs
{
    internal static ScoreCurve Sort(TensorData scores, TensorData labels, string name)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(labels);
        long count = scores.Shape.ElementCount;
        if (scores.Shape.Rank < 1 || scores.Shape[0] != count || labels.Shape.ElementCount != count)
            throw new ShapeException($"{name} needs one score and one label for each example, but found scores {scores.Type} and labels {labels.Type}.");
        if (count == 0)
            throw new UndefinedMetricException($"{name} is undefined: there are no examples.");
        var values = new double[count];
        var are = new bool[count];
        for (int i = 0; i < values.Length; i++)
        {
            (values[i], double label) = (scores.GetDouble(i), labels.GetDouble(i));
            if (double.IsNaN(values[i]))
                throw new InputException(FormattableString.Invariant($"{name} needs scores that are numbers, but found NaN in row {i}."));
            are[i] = label is 0 or 1 ? label == 1 : throw new LabelException(FormattableString.Invariant($"{name} needs a label of 0 or 1, but found {label} in row {i}."));
        }

        return new ScoreCurve(values, are, name, "1");
    }
}
