using System.Text;

namespace Anneal.Data;

/// <summary>How <see cref="ChrF"/> is computed.</summary>
public sealed record ChrFOptions
{
    /// <summary>The longest n-grams of characters.</summary>
    public int CharacterOrder { get; init; } = 6;

    /// <summary>The longest n-grams of words, 0 for none; 2 makes it chrF++.</summary>
    public int WordOrder { get; init; }

    /// <summary>How many times as much recall counts as precision.</summary>
    public double Beta { get; init; } = 2;

    /// <summary>Whether white space is a character like any other.</summary>
    public bool KeepsWhiteSpace { get; init; }

    internal void Check()
    {
        if (CharacterOrder is < 1 or > 32)
            throw new OptionException(FormattableString.Invariant($"{nameof(ChrFOptions)}: {nameof(CharacterOrder)} must be from 1 to 32, but is {CharacterOrder}."));
        if (WordOrder is < 0 or > 16)
            throw new OptionException(FormattableString.Invariant($"{nameof(ChrFOptions)}: {nameof(WordOrder)} must be from 0 to 16, but is {WordOrder}."));
        Require.Positive(Beta, nameof(ChrFOptions), nameof(Beta));
    }
}

/// <summary>
/// chrF (Popović, 2015), from 0 to 100: the F-score of n-grams of characters, which are Unicode code points; of several references the one that fits a text best,
/// the first of those that fit alike. Counts are summed over all texts; precision and recall are means over the lengths that both sides have. The defaults
/// are those of sacrebleu.
/// </summary>
public sealed class ChrF : TextMetric
{
    private readonly ChrFOptions _options;
    private readonly long[] _counts;

    /// <summary>Makes the metric.</summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public ChrF(ChrFOptions? options = null) : base("chrF")
    {
        _options = options ?? new ChrFOptions();
        _options.Check();
        _counts = new long[3 * (_options.CharacterOrder + _options.WordOrder)];
    }

    /// <summary>The score of one text alone.</summary>
    /// <param name="hypothesis">What was written.</param>
    /// <param name="references">What would have been right, at least one.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="InputException">There is no reference.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static double OfSentence(string hypothesis, IReadOnlyList<string> references, ChrFOptions? options = null)
    {
        var metric = new ChrF(options);
        metric.Update(hypothesis, references);
        return metric.Result;
    }

    /// <inheritdoc/>
    protected override void Add(string hypothesis, IReadOnlyList<string> references)
    {
        Dictionary<string, int>[] grams = Grams(hypothesis);
        long[]? best = null;
        double bestScore = -1;
        foreach (string reference in references)
        {
            long[] counts = Match(grams, Grams(reference));
            double score = Score(counts);
            if (score > bestScore)
                (best, bestScore) = (counts, score);
        }

        for (int i = 0; i < _counts.Length; i++)
            _counts[i] += best![i];
    }

    /// <inheritdoc/>
    protected override double Compute() => Score(_counts);

    /// <inheritdoc/>
    protected override void Clear() => Array.Clear(_counts);

    /// <inheritdoc/>
    protected override TextMetric CreateEmpty() => new ChrF(_options);

    /// <summary>For each order the n-grams of the text, those of the reference, and those that both have.</summary>
    private static long[] Match(Dictionary<string, int>[] hypothesis, Dictionary<string, int>[] reference)
    {
        var counts = new long[3 * hypothesis.Length];
        for (int order = 0; order < hypothesis.Length; order++)
        {
            // Where the reference is too short for an order, it says nothing about the text.
            counts[3 * order] = reference[order].Count == 0 ? 0 : hypothesis[order].Values.Sum(v => (long)v);
            counts[3 * order + 1] = reference[order].Values.Sum(v => (long)v);
            foreach ((string gram, int count) in hypothesis[order])
                counts[3 * order + 2] += Math.Min(count, reference[order].GetValueOrDefault(gram));
        }

        return counts;
    }

    private double Score(long[] counts)
    {
        double precision = 0, recall = 0, factor = _options.Beta * _options.Beta;
        int orders = 0;
        for (int i = 0; i < counts.Length; i += 3)
        {
            if (counts[i] == 0 || counts[i + 1] == 0)
                continue;
            precision += (double)counts[i + 2] / counts[i];
            recall += (double)counts[i + 2] / counts[i + 1];
            orders++;
        }

        if (precision + recall == 0)
            return 0;
        (precision, recall) = (precision / orders, recall / orders);
        return 100 * ((1 + factor) * precision * recall / (factor * precision + recall));
    }

    private Dictionary<string, int>[] Grams(string text)
    {
        string[] characters = [.. (_options.KeepsWhiteSpace ? text : string.Concat(AnswerTexts.Words(text))).EnumerateRunes().Select(r => r.ToString())];
        var words = _options.WordOrder > 0 ? Words(text) : [];
        return
        [
            .. Enumerable.Range(1, _options.CharacterOrder).Select(order => Counts(characters, order, "")),
            .. Enumerable.Range(1, _options.WordOrder).Select(order => Counts(words, order, " ")),
        ];
    }

    private static Dictionary<string, int> Counts(IReadOnlyList<string> parts, int order, string between)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var gram = new StringBuilder();
        for (int i = 0; i + order <= parts.Count; i++)
        {
            gram.Clear();
            for (int k = 0; k < order; k++)
                gram.Append(k > 0 ? between : "").Append(parts[i + k]);
            string key = gram.ToString();
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        return counts;
    }

    /// <summary>Words, with one sign of punctuation at the end, or else at the beginning, as a word of its own.</summary>
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        foreach (string word in AnswerTexts.Words(text))
        {
            bool isOne = word.Length == 1 || (word.Length == 2 && char.IsHighSurrogate(word[0]));
            if (!isOne && IsSign(word[^1]))
                words.AddRange([word[..^1], word[^1..]]);
            else if (!isOne && IsSign(word[0]))
                words.AddRange([word[..1], word[1..]]);
            else
                words.Add(word);
        }

        return words;
    }

    private static bool IsSign(char unit) => char.IsAscii(unit) && CodePoints.IsPunctuation(unit);
}
