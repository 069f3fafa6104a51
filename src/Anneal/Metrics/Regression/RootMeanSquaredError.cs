namespace Anneal;

/// <summary>The square root of the mean of the squared differences, of each column, then the mean over columns.</summary>
public sealed class RootMeanSquaredError() : MeanErrorMetric("root_mean_squared_error")
{
    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new RootMeanSquaredError();

    private protected override double Error(double output, double target) => (output - target) * (output - target);

    private protected override double Finish(double mean) => Math.Sqrt(mean);
}
