namespace Anneal;

/// <summary>
/// The share of the targets' variance that the outputs explain: 1 - sum of squared differences / sum of squared distances of the targets from
/// their mean. At most 1; of constant targets 1 where outputs are right and 0 where not, as scikit-learn. Undefined for fewer than 2 examples.
/// </summary>
public sealed class R2Score() : RegressionMetric("r2")
{
    private double[] _residuals = [], _means = [], _spreads = [];

    /// <inheritdoc/>
    public override bool LargerIsBetter => true;

    /// <inheritdoc/>
    protected override double Compute()
    {
        if (Count < 2)
            throw Undefined("it needs at least 2 examples");
        double sum = 0;
        for (int i = 0; i < _residuals.Length; i++)
            sum += _spreads[i] > 0 ? 1 - _residuals[i] / _spreads[i] : _residuals[i] == 0 ? 1 : 0;
        return sum / _residuals.Length;
    }

    /// <inheritdoc/>
    protected override void Clear()
    {
        Array.Clear(_residuals);
        Array.Clear(_means);
        Array.Clear(_spreads);
    }

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new R2Score();

    private protected override void AddRow(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets)
    {
        if (Count == 0 && _residuals.Length != outputs.Length)
            (_residuals, _means, _spreads) = (new double[outputs.Length], new double[outputs.Length], new double[outputs.Length]);
        if (_residuals.Length != outputs.Length)
            throw new ShapeException(FormattableString.Invariant($"{Name} has seen rows of {_residuals.Length} columns, but found one of {outputs.Length}."));
        for (int i = 0; i < outputs.Length; i++)
        {
            // Welford (1962): one pass, and nothing cancels.
            double residual = outputs[i] - targets[i], distance = targets[i] - _means[i];
            _residuals[i] += residual * residual;
            _means[i] += distance / (Count + 1);
            _spreads[i] += distance * (targets[i] - _means[i]);
        }
    }
}
