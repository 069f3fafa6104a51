using System.Text;

namespace Anneal.Data;

/// <summary>How texts are cut into words before they are compared by ROUGE.</summary>
public enum RougeWords
{
    /// <summary>
    /// Lower case; runs of letters, marks and digits of any script are words, and scripts that are written without spaces (Chinese characters, kana) give a word for each
    /// character. For texts in ASCII it is <see cref="Ascii"/>.
    /// </summary>
    Unicode,

    /// <summary>Lower case; runs of letters and digits of ASCII are words and all else separates, as the field's package rouge-score does.</summary>
    Ascii,
}

/// <summary>A ROUGE-L score.</summary>
/// <param name="Precision">The share of the text's words that are in the common subsequence, from 0 to 100.</param>
/// <param name="Recall">The share of the reference's words that are in it, from 0 to 100.</param>
/// <param name="F1">The harmonic mean of both.</param>
public sealed record RougeScore(double Precision, double Recall, double F1);

/// <summary>
/// ROUGE-L (Lin, 2004), from 0 to 100: how long the longest common subsequence of the words of a text and its reference is, as the harmonic mean of
/// precision and recall; of several references the best; the mean over all texts. Words are not stemmed.
/// </summary>
public sealed class RougeL : TextMetric
{
    private readonly RougeWords _words;
    private readonly BestReferenceMean _mean;

    /// <summary>Makes the metric.</summary>
    /// <param name="words">How texts are cut into words.</param>
    /// <exception cref="OptionException">There is no such way.</exception>
    public RougeL(RougeWords words = RougeWords.Unicode) : base("ROUGE-L")
    {
        _words = Require.Defined(words, nameof(RougeL), nameof(words));
        _mean = new BestReferenceMean((hypothesis, reference) => Compare(hypothesis, reference, _words).F1);
    }

    /// <summary>The score of one text alone, for the reference that fits it best.</summary>
    /// <param name="hypothesis">What was written.</param>
    /// <param name="references">What would have been right, at least one.</param>
    /// <param name="words">How texts are cut into words.</param>
    /// <exception cref="InputException">There is no reference.</exception>
    /// <exception cref="OptionException">There is no such way.</exception>
    public static RougeScore OfSentence(string hypothesis, IReadOnlyList<string> references, RougeWords words = RougeWords.Unicode)
    {
        ArgumentNullException.ThrowIfNull(hypothesis);
        ArgumentNullException.ThrowIfNull(references);
        Require.Defined(words, nameof(RougeL), nameof(words));
        return references.Select(reference => Compare(hypothesis, reference, words)).MaxBy(score => score.F1)
            ?? throw new InputException("ROUGE-L: the text has no reference to be compared with.");
    }

    /// <inheritdoc/>
    protected override void Add(string hypothesis, IReadOnlyList<string> references) => _mean.Add(hypothesis, references);

    /// <inheritdoc/>
    protected override double Compute() => _mean.Mean;

    /// <inheritdoc/>
    protected override void Clear() => _mean.Clear();

    /// <inheritdoc/>
    protected override TextMetric CreateEmpty() => new RougeL(_words);

    private static RougeScore Compare(string hypothesis, string reference, RougeWords words)
    {
        List<string> left = Words(hypothesis, words), right = Words(reference, words);
        if (left.Count == 0 || right.Count == 0)
            return new RougeScore(0, 0, 0);
        int common = CommonSubsequence(left, right);
        return new RougeScore(100.0 * common / left.Count, 100.0 * common / right.Count, 200.0 * common / (left.Count + right.Count));
    }

    private static List<string> Words(string text, RougeWords words)
    {
        var result = new List<string>();
        var word = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            int lower = UnicodeData.ToLower(rune.Value);
            bool standsAlone = words == RougeWords.Unicode && WordSplitter.StandsAlone(rune);
            bool isPart = words == RougeWords.Ascii ? lower < 128 && char.IsAsciiLetterOrDigit((char)lower)
                : (CodePoints.BitsOf(lower) & (CodePoints.Letter | CodePoints.Mark | CodePoints.Number)) != 0;
            if (standsAlone || !isPart)
                Flush();
            if (isPart)
                word.Append(new Rune(lower));
            if (standsAlone)
                Flush();
        }

        Flush();
        return result;

        void Flush()
        {
            if (word.Length > 0)
                result.Add(word.ToString());
            word.Clear();
        }
    }

    /// <summary>
    /// The length of the longest common subsequence, 64 words of one side at a time (Hyyrö, 2004): bit i of the row is 0 where the longest one
    /// that ends within the first i words of it has grown.
    /// </summary>
    private static int CommonSubsequence(List<string> left, List<string> right)
    {
        const int Bits = 64;
        var places = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (int i = 0; i < left.Count; i++)
        {
            if (!places.TryGetValue(left[i], out List<int>? found))
                places.Add(left[i], found = []);
            found.Add(i);
        }

        int blocks = (left.Count + Bits - 1) / Bits;
        ulong[] row = new ulong[blocks], bits = new ulong[blocks];
        Array.Fill(row, ulong.MaxValue);
        foreach (string word in right)
        {
            if (!places.TryGetValue(word, out List<int>? found))
                continue;
            foreach (int i in found)
                bits[i / Bits] |= 1ul << (i % Bits);
            ulong carry = 0;
            for (int b = 0; b < blocks; b++)
            {
                ulong old = row[b], sum = old + (old & bits[b]), all = sum + carry;
                carry = sum < old || all < sum ? 1ul : 0;
                row[b] = all | (old & ~bits[b]);
            }

            foreach (int i in found)
                bits[i / Bits] = 0;
        }

        int common = 0;
        for (int i = 0; i < left.Count; i++)
            common += (row[i / Bits] >> (i % Bits) & 1) == 0 ? 1 : 0;
        return common;
    }
}
