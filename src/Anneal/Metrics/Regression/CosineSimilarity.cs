namespace Anneal;

/// <summary>The mean over rows of the cosine of the angle between outputs and targets; 0 for a row of zeros.</summary>
public sealed class CosineSimilarity() : RegressionMetric("cosine_similarity")
{
    private double _sum;

    /// <inheritdoc/>
    public override bool LargerIsBetter => true;

    /// <inheritdoc/>
    protected override double Compute() => _sum / Count;

    /// <inheritdoc/>
    protected override void Clear() => _sum = 0;

    /// <inheritdoc/>
    protected override StreamingMetric CreateEmpty() => new CosineSimilarity();

    private protected override void AddRow(ReadOnlySpan<double> outputs, ReadOnlySpan<double> targets)
    {
        double product = 0, outputSquares = 0, targetSquares = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            product += outputs[i] * targets[i];
            outputSquares += outputs[i] * outputs[i];
            targetSquares += targets[i] * targets[i];
        }

        double lengths = Math.Sqrt(outputSquares) * Math.Sqrt(targetSquares);
        _sum += lengths == 0 ? 0 : product / lengths;
    }
}
