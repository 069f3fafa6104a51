namespace Anneal;

/// <summary>exp of the mean negative logarithm of the probability of the truth: among how many equally likely classes the model hesitates.</summary>
/// <param name="epsilon">How far probabilities are kept from 0 and 1, from 0 to below 0.5; as in scikit-learn the smallest step of double precision at 1.</param>
/// <param name="fromLogits">Whether outputs are logits; they are also where the loss takes logits.</param>
public sealed class Perplexity(double epsilon = 2.220446049250313e-16, bool fromLogits = false) : LikelihoodMetric("perplexity", epsilon, fromLogits)
{
    /// <inheritdoc/>
    protected override double Compute() => Math.Exp(Mean);

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new Perplexity(Epsilon, FromLogitsOption);

    internal static Perplexity Read(LayerConfig config) => new(config.GetDouble("epsilon"), config.GetBoolean("fromLogits"));
}
