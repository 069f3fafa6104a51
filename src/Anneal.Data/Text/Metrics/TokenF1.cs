namespace Anneal.Data;

/// <summary>
/// How much the words of a text and of its reference overlap, as question answering is judged (Rajpurkar et al., 2016): the harmonic mean of precision
/// and recall over words, each counted as often as both have it; of several references the best; the mean over all texts, from 0 to 1. Words stand
/// between white space. As in SQuAD 2.0 a text without words fits a reference without words, and no other.
/// </summary>
public sealed class TokenF1 : TextMetric
{
    private readonly AnswerNormalization _normalization;
    private readonly BestReferenceMean _mean;

    /// <summary>Makes the metric.</summary>
    /// <param name="normalization">What is made equal before words are compared.</param>
    /// <exception cref="OptionException">There is no such normalization.</exception>
    public TokenF1(AnswerNormalization normalization = AnswerNormalization.None) : base("token F1")
    {
        _normalization = AnswerTexts.Checked(normalization);
        _mean = new BestReferenceMean((hypothesis, reference) => Score(Words(hypothesis), Words(reference)));
    }

    /// <inheritdoc/>
    protected override void Add(string hypothesis, IReadOnlyList<string> references) => _mean.Add(hypothesis, references);

    /// <inheritdoc/>
    protected override double Compute() => _mean.Mean;

    /// <inheritdoc/>
    protected override void Clear() => _mean.Clear();

    /// <inheritdoc/>
    protected override TextMetric CreateEmpty() => new TokenF1(_normalization);

    private List<string> Words(string text) => AnswerTexts.Words(AnswerTexts.Normalize(text, _normalization));

    private static double Score(List<string> hypothesis, List<string> reference)
    {
        if (hypothesis.Count == 0 || reference.Count == 0)
            return hypothesis.Count == reference.Count ? 1 : 0;
        var left = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string word in reference)
            left[word] = left.GetValueOrDefault(word) + 1;
        int shared = 0;
        foreach (string word in hypothesis)
        {
            if (left.GetValueOrDefault(word) == 0)
                continue;
            left[word]--;
            shared++;
        }

        return 2.0 * shared / (hypothesis.Count + reference.Count);
    }
}
