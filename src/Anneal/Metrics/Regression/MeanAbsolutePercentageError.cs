namespace Anneal;

/// <summary>The mean of |output - target| / |target| as a fraction, not multiplied by 100, as scikit-learn; targets are kept 2.2e-16 away from 0.</summary>
public sealed class MeanAbsolutePercentageError() : MeanErrorMetric("mean_absolute_percentage_error")
{
    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new MeanAbsolutePercentageError();

    private protected override double Error(double output, double target) => Math.Abs(output - target) / Math.Max(Math.Abs(target), 2.220446049250313e-16);
}
