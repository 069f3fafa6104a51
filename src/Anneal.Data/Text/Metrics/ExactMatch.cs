namespace Anneal.Data;

/// <summary>The fraction of texts that equal one of their references, from 0 to 1.</summary>
public sealed class ExactMatch : TextMetric
{
    private readonly AnswerNormalization _normalization;
    private readonly BestReferenceMean _mean;

    /// <summary>Makes the metric.</summary>
    /// <param name="normalization">What is made equal before texts are compared.</param>
    /// <exception cref="OptionException">There is no such normalization.</exception>
    public ExactMatch(AnswerNormalization normalization = AnswerNormalization.None) : base("exact match")
    {
        _normalization = AnswerTexts.Checked(normalization);
        _mean = new BestReferenceMean((hypothesis, reference) =>
            string.Equals(AnswerTexts.Normalize(hypothesis, _normalization), AnswerTexts.Normalize(reference, _normalization), StringComparison.Ordinal) ? 1 : 0);
    }

    /// <inheritdoc/>
    protected override void Add(string hypothesis, IReadOnlyList<string> references) => _mean.Add(hypothesis, references);

    /// <inheritdoc/>
    protected override double Compute() => _mean.Mean;

    /// <inheritdoc/>
    protected override void Clear() => _mean.Clear();

    /// <inheritdoc/>
    protected override TextMetric CreateEmpty() => new ExactMatch(_normalization);
}
