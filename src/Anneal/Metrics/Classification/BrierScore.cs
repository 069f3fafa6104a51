namespace Anneal;

/// <summary>
/// The mean squared difference of probabilities and truth (Brier, 1950): of class 1 where there are two classes, summed over the classes where
/// there are more, as scikit-learn.
/// </summary>
/// <param name="fromLogits">Whether outputs are logits; they are also where the loss takes logits.</param>
public sealed class BrierScore(bool fromLogits = false) : ProbabilityMetric("brier", fromLogits)
{
    private double[] _shares = [], _probabilities = [];

    /// <inheritdoc/>
    protected override double Compute() => Mean;

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new BrierScore(FromLogitsOption);

    private protected override double OfTruth(double output, double truth)
    {
        double difference = (FromLogits ? Likelihoods.Sigmoid(output) : output) - truth;
        return difference * difference;
    }

    private protected override double OfLabel(ReadOnlySpan<double> outputs, int label)
    {
        if (_shares.Length != outputs.Length)
            _shares = new double[outputs.Length];
        Array.Clear(_shares);
        _shares[label] = 1;
        return OfDistribution(outputs, _shares);
    }

    private protected override double OfDistribution(ReadOnlySpan<double> outputs, ReadOnlySpan<double> shares)
    {
        ReadOnlySpan<double> probabilities = outputs;
        if (FromLogits)
        {
            if (_probabilities.Length != outputs.Length)
                _probabilities = new double[outputs.Length];
            Likelihoods.Softmax(outputs, _probabilities);
            probabilities = _probabilities;
        }

        double sum = 0;
        for (int i = outputs.Length == 2 ? 1 : 0; i < outputs.Length; i++)
            sum += (probabilities[i] - shares[i]) * (probabilities[i] - shares[i]);
        return sum;
    }

    internal static BrierScore Read(LayerConfig config) => new(config.GetBoolean("fromLogits"));
}
