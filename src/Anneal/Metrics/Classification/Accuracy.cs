namespace Anneal;

/// <summary>
/// The share of right answers: a row by its largest output, a single output by a threshold. <see cref="Metric.Accuracy"/> is the same, summed
/// within the step, and fits training with very many classes better.
/// </summary>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class Accuracy(double threshold = 0.5) : ClassificationMetric("accuracy")
{
    private readonly double _threshold = double.IsFinite(threshold) ? threshold : throw new OptionException("accuracy: threshold must be a finite number.");
    private long _right, _all;

    /// <inheritdoc/>
    protected override double Compute() => _right / (double)_all;

    /// <inheritdoc/>
    protected override void Clear() => (_right, _all) = (0, 0);

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new Accuracy(_threshold);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("threshold", _threshold);
    }

    private protected override void AddBinary(double score, int label) => AddPrediction(score > ThresholdOfOutputs(_threshold) ? 1 : 0, label);

    private protected override void AddScores(ReadOnlySpan<double> scores, int label) => AddPrediction(Largest(scores), label);

    private protected override void AddPrediction(int predicted, int label)
    {
        _all++;
        if (predicted == label)
            _right++;
    }

    internal static Accuracy Read(LayerConfig config) => new(config.GetDouble("threshold"));
}
