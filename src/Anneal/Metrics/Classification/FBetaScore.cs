namespace Anneal;

/// <summary>(1 + beta²) · precision · recall / (beta² · precision + recall); 0 where there are no examples of a class and none predicted.</summary>
/// <param name="beta">How many times as much the recall weighs; finite and at least 0.</param>
/// <param name="averaging">How the scores of classes become one.</param>
/// <param name="threshold">What a single output must exceed to stand for class 1, as a probability.</param>
public sealed class FBetaScore(double beta, Averaging averaging = Averaging.Binary, double threshold = 0.5) : AveragedMetric("f_beta", averaging, threshold)
{
    /// <summary>How many times as much the recall weighs as the precision.</summary>
    public double Beta { get; } = Require.Within(beta, 0, double.PositiveInfinity, nameof(FBetaScore), nameof(beta));

    /// <inheritdoc/>
    protected override double Compute() => Counts.FBeta(Beta, Averaging);

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new FBetaScore(Beta, Averaging, Threshold);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("beta", Beta);
    }

    internal static FBetaScore Read(LayerConfig config) =>
        new(config.GetDouble("beta"), config.GetEnum<Averaging>("averaging"), config.GetDouble("threshold"));
}
