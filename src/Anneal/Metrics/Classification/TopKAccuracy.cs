namespace Anneal;

/// <summary>
/// The share of examples whose class is among the k largest of the outputs <c>[..., classes]</c>, with labels or one-hot rows. Of equal
/// outputs the later class ranks first, as in scikit-learn.
/// </summary>
public sealed class TopKAccuracy : ClassificationMetric
{
    private readonly int _k;
    private long _right, _all;

    /// <summary>Makes the metric.</summary>
    /// <param name="k">How many of the largest outputs are looked at; at least 1.</param>
    /// <exception cref="OptionException">k is below 1.</exception>
    public TopKAccuracy(int k = 5) : base("top_k_accuracy") => _k = Require.AtLeastOne(k, nameof(TopKAccuracy), nameof(k));

    /// <inheritdoc/>
    protected override void RequireRows(int outputs, int targets)
    {
        if (outputs < 2 || Targets is TargetKind.Values or TargetKind.TruthValues)
            throw new ShapeException($"{Name} needs outputs [..., classes] of at least 2 classes and a loss over classes.");
    }

    /// <inheritdoc/>
    protected override double Compute() => _right / (double)_all;

    /// <inheritdoc/>
    protected override void Clear() => (_right, _all) = (0, 0);

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new TopKAccuracy(_k);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("k", _k);
    }

    private protected override void AddBinary(double score, int label) => throw new ShapeException($"{Name} needs a score for each class.");

    private protected override void AddScores(ReadOnlySpan<double> scores, int label)
    {
        int before = 0;
        for (int c = 0; c < scores.Length; c++)
            before += scores[c] > scores[label] || (scores[c] == scores[label] && c > label) ? 1 : 0;
        _all++;
        if (before < _k)
            _right++;
    }

    internal static TopKAccuracy Read(LayerConfig config) => new(config.GetInt32("k"));
}
