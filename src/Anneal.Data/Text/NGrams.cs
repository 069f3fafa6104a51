namespace Anneal.Data;

/// <summary>Runs of neighbouring words or characters.</summary>
public static class NGrams
{
    /// <summary>All runs of words, the shortest first, each in the order of the text and joined by spaces.</summary>
    /// <param name="words">The words.</param>
    /// <param name="minimum">The words of the shortest runs; at least 1.</param>
    /// <param name="maximum">The words of the longest runs; at least <paramref name="minimum"/>.</param>
    /// <exception cref="OptionException">A length is out of range.</exception>
    public static IEnumerable<string> OfWords(IReadOnlyList<string> words, int minimum, int maximum)
    {
        ArgumentNullException.ThrowIfNull(words);
        RequireLengths(minimum, maximum);
        return Runs(words, " ", minimum, maximum);
    }

    /// <summary>
    /// All runs of characters of a text (Unicode scalar values, so that no character is cut), the shortest first, each in the order of the text. Halves of
    /// characters become U+FFFD.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="minimum">The characters of the shortest runs; at least 1.</param>
    /// <param name="maximum">The characters of the longest runs; at least <paramref name="minimum"/>.</param>
    /// <exception cref="OptionException">A length is out of range.</exception>
    public static IEnumerable<string> OfCharacters(string text, int minimum, int maximum)
    {
        ArgumentNullException.ThrowIfNull(text);
        RequireLengths(minimum, maximum);
        return Runs([.. text.EnumerateRunes().Select(r => r.ToString())], "", minimum, maximum);
    }

    internal static void RequireLengths(int minimum, int maximum)
    {
        Require.AtLeastOne(minimum, nameof(NGrams), nameof(minimum));
        if (maximum < minimum)
            throw new OptionException(FormattableString.Invariant($"{nameof(NGrams)}: maximum must be at least minimum, {minimum}, but is {maximum}."));
    }

    private static IEnumerable<string> Runs(IReadOnlyList<string> parts, string between, int minimum, int maximum)
    {
        for (int length = minimum; length <= Math.Min(maximum, parts.Count); length++)
        {
            for (int start = 0; start + length <= parts.Count; start++)
                yield return length == 1 ? parts[start] : string.Join(between, parts.Skip(start).Take(length));
        }
    }
}
