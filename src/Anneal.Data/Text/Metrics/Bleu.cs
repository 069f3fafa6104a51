namespace Anneal.Data;

/// <summary>What is done where no n-gram of a length is right, so that the score is not 0 for that alone.</summary>
public enum BleuSmoothing
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>
    /// The k-th length without any counts as 1 / 2^k right n-grams, as mteval-v13a and sacrebleu do (method 3 of Chen and Cherry, 2014). Where no word is
    /// right at all, the score stays 0.
    /// </summary>
    Exponential,
}

/// <summary>How <see cref="Bleu"/> is computed.</summary>
public sealed record BleuOptions
{
    /// <summary>How texts are cut into words.</summary>
    public BleuTokenization Tokenization { get; init; } = BleuTokenization.Mteval13a;

    /// <summary>The longest n-grams, in words.</summary>
    public int MaximumOrder { get; init; } = 4;

    /// <summary>What is done where no n-gram of a length is right.</summary>
    public BleuSmoothing Smoothing { get; init; } = BleuSmoothing.Exponential;

    /// <summary>Whether lengths are left out of which the texts have no n-gram at all. It is meant for single, short texts, where it is always so.</summary>
    public bool EffectiveOrder { get; init; }

    internal void Check()
    {
        Require.Defined(Tokenization, nameof(BleuOptions), nameof(Tokenization));
        Require.Defined(Smoothing, nameof(BleuOptions), nameof(Smoothing));
        if (MaximumOrder is < 1 or > 16)
            throw new OptionException(FormattableString.Invariant($"{nameof(BleuOptions)}: {nameof(MaximumOrder)} must be from 1 to 16, but is {MaximumOrder}."));
    }
}

/// <summary>A BLEU score and what it is made of.</summary>
/// <param name="Score">The score, from 0 to 100.</param>
/// <param name="Precisions">For each length of n-grams the share of those of the texts that a reference has, smoothed, from 0 to 100.</param>
/// <param name="BrevityPenalty">What texts that are shorter than their references are multiplied by, from 0 to 1.</param>
/// <param name="Words">The words of the texts.</param>
/// <param name="ReferenceWords">The words of the references that are nearest to the texts in length.</param>
public sealed record BleuScore(double Score, IReadOnlyList<double> Precisions, double BrevityPenalty, long Words, long ReferenceWords);

/// <summary>
/// BLEU (Papineni et al., 2002), from 0 to 100: the geometric mean of the shares of n-grams that a reference has too, each counted at most as often as in
/// the reference that has it most often, times a penalty for brevity. Counts are summed over all texts before anything is divided, so the score of many texts is no
/// mean of their scores. The defaults are those of sacrebleu.
/// </summary>
public sealed class Bleu : TextMetric
{
    private readonly BleuOptions _options;
    private readonly long[] _right, _all;
    private long _words, _referenceWords;

    /// <summary>Makes the metric.</summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public Bleu(BleuOptions? options = null) : base("BLEU")
    {
        _options = options ?? new BleuOptions();
        _options.Check();
        (_right, _all) = (new long[_options.MaximumOrder], new long[_options.MaximumOrder]);
    }

    /// <summary>The score of all texts so far, and what it is made of.</summary>
    /// <exception cref="UndefinedMetricException">There were none.</exception>
    public BleuScore Score => Count > 0 ? Combine() : throw new UndefinedMetricException($"{Name} is undefined: no text has been judged.");

    /// <summary>The score of one text alone. Lengths of which it has no n-gram are left out (<see cref="BleuOptions.EffectiveOrder"/>).</summary>
    /// <param name="hypothesis">What was written.</param>
    /// <param name="references">What would have been right, at least one.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="InputException">There is no reference.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static BleuScore OfSentence(string hypothesis, IReadOnlyList<string> references, BleuOptions? options = null)
    {
        var metric = new Bleu((options ?? new BleuOptions()) with { EffectiveOrder = true });
        metric.Update(hypothesis, references);
        return metric.Score;
    }

    /// <inheritdoc/>
    protected override void Add(string hypothesis, IReadOnlyList<string> references)
    {
        List<string> words = Words(hypothesis);
        List<string>[] others = [.. references.Select(Words)];
        _words += words.Count;
        _referenceWords += others.Select(o => o.Count).OrderBy(count => Math.Abs(count - words.Count)).ThenBy(count => count).First();
        for (int order = 1; order <= _options.MaximumOrder; order++)
        {
            // How often any one reference has each n-gram at most.
            var most = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (List<string> other in others)
            {
                foreach ((string gram, int count) in Grams(other, order))
                    most[gram] = Math.Max(most.GetValueOrDefault(gram), count);
            }

            foreach ((string gram, int count) in Grams(words, order))
            {
                _all[order - 1] += count;
                _right[order - 1] += Math.Min(count, most.GetValueOrDefault(gram));
            }
        }
    }

    /// <inheritdoc/>
    protected override double Compute() => Combine().Score;

    /// <inheritdoc/>
    protected override void Clear()
    {
        Array.Clear(_right);
        Array.Clear(_all);
        (_words, _referenceWords) = (0, 0);
    }

    /// <inheritdoc/>
    protected override TextMetric CreateEmpty() => new Bleu(_options);

    private BleuScore Combine()
    {
        double brevity = _words >= _referenceWords ? 1 : _words > 0 ? Math.Exp(1 - (double)_referenceWords / _words) : 0;
        var precisions = new double[_options.MaximumOrder];
        if (_right.All(count => count == 0))
            return new BleuScore(0, precisions, brevity, _words, _referenceWords);
        double smoothed = 1;
        int orders = _options.EffectiveOrder ? 0 : precisions.Length;
        for (int i = 0; i < precisions.Length && _all[i] > 0; i++)
        {
            if (_options.EffectiveOrder)
                orders = i + 1;
            if (_right[i] > 0)
                precisions[i] = 100.0 * _right[i] / _all[i];
            else if (_options.Smoothing == BleuSmoothing.Exponential)
                precisions[i] = 100.0 / ((smoothed *= 2) * _all[i]);
        }

        // The logarithm of 0 makes the mean 0.
        double score = brevity * Math.Exp(precisions.Take(orders).Sum(Math.Log) / orders);
        return new BleuScore(score, precisions, brevity, _words, _referenceWords);
    }

    private List<string> Words(string text) => _options.Tokenization == BleuTokenization.Mteval13a ? Mteval13a.Words(text) : AnswerTexts.Words(text);

    // Words have no spaces in them, so n-grams with spaces between are told apart.
    private static Dictionary<string, int> Grams(List<string> words, int order)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i + order <= words.Count; i++)
        {
            string gram = order == 1 ? words[i] : string.Join(' ', words.GetRange(i, order));
            counts[gram] = counts.GetValueOrDefault(gram) + 1;
        }

        return counts;
    }
}
