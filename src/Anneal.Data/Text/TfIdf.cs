namespace Anneal.Data;

/// <summary>What the terms of <see cref="TfIdf"/> are made of.</summary>
public enum TermUnit
{
    /// <summary>Words, as <see cref="WordSplitter"/> cuts them.</summary>
    Words,

    /// <summary>Characters of the text as it is; where words are in lower case, of the text in lower case.</summary>
    Characters,
}

/// <summary>Which terms <see cref="TfIdf"/> has and how it counts them.</summary>
public sealed record TfIdfOptions
{
    /// <summary>What terms are made of.</summary>
    public TermUnit Unit { get; init; }

    /// <summary>How texts are cut into words.</summary>
    public WordOptions Words { get; init; } = new();

    /// <summary>How many words or characters the shortest terms have; at least 1.</summary>
    public int MinimumLength { get; init; } = 1;

    /// <summary>How many words or characters the longest terms have; at least <see cref="MinimumLength"/>.</summary>
    public int MaximumLength { get; init; } = 1;

    /// <summary>In how many texts a term must occur; at least 1.</summary>
    public int MinimumTexts { get; init; } = 1;

    /// <summary>In what share of the texts a term may occur, above 0 and at most 1.</summary>
    public double MaximumShare { get; init; } = 1;

    /// <summary>How many terms there are at most: those that occur most often in all, ties in the order of their code units. Null is no limit.</summary>
    public int? MaximumTerms { get; init; }

    /// <summary>Whether a term that occurs n times in a text counts as 1 + ln n instead of n.</summary>
    public bool IsSublinear { get; init; }

    internal void Check()
    {
        Require.Defined(Unit, nameof(TfIdfOptions), nameof(Unit));
        Words.Check();
        NGrams.RequireLengths(MinimumLength, MaximumLength);
        Require.AtLeastOne(MinimumTexts, nameof(TfIdfOptions), nameof(MinimumTexts));
        Require.Share(MaximumShare, nameof(TfIdfOptions), nameof(MaximumShare));
        if (MaximumTerms is { } most)
            Require.AtLeastOne(most, nameof(TfIdfOptions), nameof(MaximumTerms));
    }
}

/// <summary>
/// Texts as rows of term frequency times inverse document frequency, as scikit-learn's <c>TfidfVectorizer</c> defines it:
/// <c>idf = ln((1 + texts) / (1 + texts with the term)) + 1</c>, and every row of Euclidean length 1. Terms are in the order of their UTF-16 code units.
/// </summary>
public sealed class TfIdf
{
    private readonly TfIdfOptions _options;
    private readonly Dictionary<string, int> _columns;
    private readonly double[] _weights;

    private TfIdf(TfIdfOptions options, string[] terms, double[] weights)
    {
        (_options, Terms, _weights) = (options, terms, weights);
        _columns = new Dictionary<string, int>(terms.Length, StringComparer.Ordinal);
        for (int i = 0; i < terms.Length; i++)
            _columns[terms[i]] = i;
    }

    /// <summary>The term of each column.</summary>
    public IReadOnlyList<string> Terms { get; }

    /// <summary>The inverse document frequency of each column.</summary>
    public IReadOnlyList<double> Weights => _weights;

    /// <summary>Finds the terms of texts and in how many of them each occurs.</summary>
    /// <param name="texts">The texts to learn from; at least one.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="DatasetException">There is no text, or no term is left.</exception>
    public static TfIdf Fit(IReadOnlyList<string> texts, TfIdfOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        options ??= new TfIdfOptions();
        options.Check();
        if (texts.Count == 0)
            throw new DatasetException("TF-IDF needs at least one text to learn from, but there is none.");
        var inTexts = new Dictionary<string, int>(StringComparer.Ordinal);
        var inAll = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            foreach ((string term, int count) in Count(text, options))
            {
                inTexts[term] = inTexts.GetValueOrDefault(term) + 1;
                inAll[term] = inAll.GetValueOrDefault(term) + count;
            }
        }

        IEnumerable<string> terms = inTexts
            .Where(t => t.Value >= options.MinimumTexts && t.Value <= options.MaximumShare * texts.Count).Select(t => t.Key);
        if (options.MaximumTerms is { } most)
            terms = terms.OrderByDescending(t => inAll[t]).ThenBy(t => t, StringComparer.Ordinal).Take(most);
        string[] kept = [.. terms.Order(StringComparer.Ordinal)];
        if (kept.Length == 0)
            throw new DatasetException($"TF-IDF has no term left: {inTexts.Count} were found in {texts.Count} texts, and each is too rare, too frequent or a stop word.");
        return new TfIdf(options, kept, Array.ConvertAll(kept, t => Math.Log((1.0 + texts.Count) / (1.0 + inTexts[t])) + 1));
    }

    /// <summary>A row for each text; one without any known term is empty.</summary>
    /// <param name="texts">The texts.</param>
    public SparseMatrix Transform(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var starts = new long[texts.Count + 1];
        var places = new List<int>();
        var values = new List<double>();
        for (int row = 0; row < texts.Count; row++)
        {
            (int Column, double Value)[] entries =
            [
                .. Count(texts[row], _options)
                    .Where(c => _columns.ContainsKey(c.Key))
                    .Select(c => (Column: _columns[c.Key], c.Value))
                    .OrderBy(c => c.Column)
                    .Select(c => (c.Column, (_options.IsSublinear ? 1 + Math.Log(c.Value) : c.Value) * _weights[c.Column])),
            ];
            double length = Math.Sqrt(entries.Sum(e => e.Value * e.Value));
            foreach ((int column, double value) in entries)
            {
                places.Add(column);
                values.Add(value / length);
            }

            starts[row + 1] = places.Count;
        }

        return new SparseMatrix(Terms.Count, starts, [.. places], [.. values]);
    }

    private static Dictionary<string, int> Count(string text, TfIdfOptions options)
    {
        IEnumerable<string> terms = options.Unit == TermUnit.Words
            ? NGrams.OfWords(WordSplitter.Split(text, options.Words), options.MinimumLength, options.MaximumLength)
            : NGrams.OfCharacters(options.Words.Lowercase ? text.ToLowerInvariant() : text, options.MinimumLength, options.MaximumLength);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string term in terms)
            counts[term] = counts.GetValueOrDefault(term) + 1;
        return counts;
    }
}
