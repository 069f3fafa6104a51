namespace Anneal;

/// <summary>The mean of the squared differences of outputs and targets.</summary>
public sealed class MeanSquaredError() : MeanErrorMetric("mean_squared_error")
{
    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new MeanSquaredError();

    private protected override double Error(double output, double target) => (output - target) * (output - target);
}
