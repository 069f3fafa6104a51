namespace Anneal;

/// <summary>The mean of the absolute differences of outputs and targets.</summary>
public sealed class MeanAbsoluteError() : MeanErrorMetric("mean_absolute_error")
{
    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new MeanAbsoluteError();

    private protected override double Error(double output, double target) => Math.Abs(output - target);
}
