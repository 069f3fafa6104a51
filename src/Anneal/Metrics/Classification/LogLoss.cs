namespace Anneal;

/// <summary>The mean negative logarithm of the probability of the truth.</summary>
/// <param name="epsilon">How far probabilities are kept from 0 and 1, from 0 to below 0.5; as in scikit-learn the smallest step of double precision at 1.</param>
/// <param name="fromLogits">Whether outputs are logits; they are also where the loss takes logits.</param>
public sealed class LogLoss(double epsilon = 2.220446049250313e-16, bool fromLogits = false) : LikelihoodMetric("log_loss", epsilon, fromLogits)
{
    /// <inheritdoc/>
    protected override double Compute() => Mean;

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new LogLoss(Epsilon, FromLogitsOption);

    internal static LogLoss Read(LayerConfig config) => new(config.GetDouble("epsilon"), config.GetBoolean("fromLogits"));
}
