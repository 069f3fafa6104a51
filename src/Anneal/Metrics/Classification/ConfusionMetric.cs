namespace Anneal;

/// <summary>A score of a <see cref="ConfusionMatrix"/>: outputs are judged by a threshold, rows by their largest output.</summary>
public abstract class ConfusionMetric : ClassificationMetric
{
    private const int FewestClasses = 2;
    private readonly double _threshold;
    private readonly ConfusionMatrix _matrix = new(FewestClasses);

    private protected ConfusionMetric(string name, double threshold) : base(name) => _threshold = Probability(threshold, name);

    /// <summary>The counts so far, as a copy; its classes are those of the outputs.</summary>
    public ConfusionMatrix Matrix => _matrix.Copy();

    /// <summary>What a single output must exceed to stand for class 1, as a probability.</summary>
    public double Threshold => _threshold;

    private protected ConfusionMatrix Counts => _matrix;

    /// <inheritdoc/>
    protected sealed override void Clear() => _matrix.Clear(FewestClasses);

    /// <inheritdoc/>
    protected override void RequireRows(int outputs, int targets)
    {
        if (!OutputsAreClasses)
            _matrix.Grow(ClassesOf(outputs));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("threshold", _threshold);
    }

    private protected sealed override void AddBinary(double score, int label) => _matrix.Count(label, score > ThresholdOfOutputs(_threshold) ? 1 : 0);

    private protected sealed override void AddScores(ReadOnlySpan<double> scores, int label) => _matrix.Count(label, Largest(scores));

    private protected sealed override void AddPrediction(int predicted, int label)
    {
        _matrix.Grow(Math.Max(predicted, label) + 1);
        _matrix.Count(label, predicted);
    }

    private static double Probability(double threshold, string name) => double.IsFinite(threshold)
        ? threshold
        : throw new OptionException($"{name}: threshold must be a finite number.");
}

/// <summary>A score of a <see cref="ConfusionMatrix"/> that is averaged over classes.</summary>
public abstract class AveragedMetric : ConfusionMetric
{
    private protected AveragedMetric(string name, Averaging averaging, double threshold) : base(name, threshold) =>
        Averaging = Require.Defined(averaging, name, nameof(averaging));

    /// <summary>How the scores of classes become one.</summary>
    public Averaging Averaging { get; }

    /// <inheritdoc/>
    protected sealed override void RequireRows(int outputs, int targets)
    {
        if (Averaging == Averaging.Binary && !OutputsAreClasses && ClassesOf(outputs) > 2)
        {
            throw new OptionException(FormattableString.Invariant(
                $"{Name}: {nameof(Averaging)}.{nameof(Averaging.Binary)} is for two classes, but the outputs have {outputs}. Hint: take {nameof(Averaging.Macro)}, {nameof(Averaging.Micro)} or {nameof(Averaging.Weighted)}."));
        }

        base.RequireRows(outputs, targets);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("averaging", Averaging);
    }
}
