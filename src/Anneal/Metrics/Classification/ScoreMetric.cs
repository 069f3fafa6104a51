namespace Anneal;

/// <summary>
/// A metric of the order of scores. It keeps every score, 8 bytes for each class of an example. Outputs are scores for class 1; of two outputs the
/// second counts (with logits, how much it exceeds the first); of more, each class is judged against the others and the classes are averaged.
/// </summary>
public abstract class ScoreMetric : ClassificationMetric
{
    private readonly ScoreList _scores = new();
    private double[] _probabilities = [];

    private protected ScoreMetric(string name, Averaging averaging) : base(name) => Averaging = averaging is Averaging.Macro or Averaging.Weighted
        ? averaging
        : throw new OptionException($"{name}: averaging must be {Averaging.Macro} or {Averaging.Weighted}, but is {averaging}.");

    /// <summary>How the values of more than two classes become one.</summary>
    public Averaging Averaging { get; }

    /// <summary>The value for one class against the others.</summary>
    /// <param name="curve">The scores in order.</param>
    private protected abstract double Compute(ScoreCurve curve);

    /// <inheritdoc/>
    protected sealed override double Compute()
    {
        if (_scores.Width == 1)
            return Compute(new ScoreCurve(_scores.Column(0), _scores.Are(1), Name, "1"));
        double sum = 0, weights = 0;
        for (int c = 0; c < _scores.Width; c++)
        {
            var curve = new ScoreCurve(_scores.Column(c), _scores.Are(c), Name, c.ToString(System.Globalization.CultureInfo.InvariantCulture));
            double weight = Averaging == Averaging.Weighted ? curve.Positives : 1;
            sum += weight * Compute(curve);
            weights += weight;
        }

        return sum / weights;
    }

    /// <inheritdoc/>
    protected sealed override void Clear() => _scores.Clear();

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Set("averaging", Averaging);
    }

    private protected sealed override void AddBinary(double score, int label) => _scores.Add([score], label, Name);

    private protected sealed override void AddScores(ReadOnlySpan<double> scores, int label)
    {
        if (scores.Length == 2)
        {
            AddBinary(OutputsAreLogits ? scores[1] - scores[0] : scores[1], label);
            return;
        }

        if (!OutputsAreLogits)
        {
            _scores.Add(scores, label, Name);
            return;
        }

        // Scores of one class are compared between examples, for which logits say nothing.
        if (_probabilities.Length != scores.Length)
            _probabilities = new double[scores.Length];
        Likelihoods.Softmax(scores, _probabilities);
        _scores.Add(_probabilities, label, Name);
    }
}
