using System.Buffers;
using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>Cuts texts into words.</summary>
/// <remarks>
/// A word is a run of letters, marks and digits. Within it may stand an apostrophe between two letters (<c>don't</c>), and a point or comma between two digits
/// (<c>1,987.5</c>). Scripts that are written without spaces between words (Chinese characters, kana) give a word for each character. White
/// space, controls and halves of characters only separate.
/// </remarks>
public static class WordSplitter
{
    /// <summary>The words of a text, in its order.</summary>
    /// <param name="text">The text.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static IReadOnlyList<string> Split(string text, WordOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new WordOptions();
        options.Check();
        var words = new List<string>();
        for (int start = 0; start < text.Length;)
        {
            int end = start + Piece(text, start, out bool isWord);
            if (isWord)
                end = ToEndOfWord(text, end);
            if (isWord || options.Punctuation == PunctuationHandling.Keep)
                Add(text.AsSpan(start, end - start), options, words);
            start = end;
        }

        return words;
    }

    /// <summary>Whether a character is written without spaces between words, so that each is taken as one.</summary>
    internal static bool StandsAlone(Rune rune) => rune.Value is
        0x3005 or 0x3007 or (>= 0x3040 and <= 0x30FF) or (>= 0x31F0 and <= 0x31FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF66 and <= 0xFF9F) or (>= 0x1AFF0 and <= 0x1B16F) or (>= 0x20000 and <= 0x3FFFF);

    private static void Add(ReadOnlySpan<char> piece, WordOptions options, List<string> words)
    {
        if (Rune.DecodeFromUtf16(piece, out Rune first, out _) != OperationStatus.Done || Rune.IsWhiteSpace(first) || IsInvisible(first))
            return;
        string word = options.Lowercase ? piece.ToString().ToLowerInvariant() : piece.ToString();
        if (options.Digits == DigitHandling.Mask)
            word = Masked(word);
        if (options.StopWords?.Contains(word) != true)
            words.Add(word);
    }

    /// <summary>The length of the character at a place, or of the first character of a word.</summary>
    private static int Piece(string text, int start, out bool isWord)
    {
        OperationStatus status = Rune.DecodeFromUtf16(text.AsSpan(start), out Rune rune, out int length);
        isWord = status == OperationStatus.Done && (StandsAlone(rune) || IsPartOfWord(rune));
        return length;
    }

    /// <summary>Where the word ends whose first character ends at a place.</summary>
    private static int ToEndOfWord(string text, int end)
    {
        Rune.DecodeLastFromUtf16(text.AsSpan(0, end), out Rune last, out _);
        if (StandsAlone(last))
            return end;
        while (end < text.Length && Rune.DecodeFromUtf16(text.AsSpan(end), out Rune rune, out int length) == OperationStatus.Done)
        {
            if (IsPartOfWord(rune) && !StandsAlone(rune))
            {
                (end, last) = (end + length, rune);
                continue;
            }

            if (Rune.DecodeFromUtf16(text.AsSpan(end + length), out Rune next, out int nextLength) != OperationStatus.Done || !Joins(last, rune, next))
                break;
            (end, last) = (end + length + nextLength, next);
        }

        return end;
    }

    private static bool Joins(Rune before, Rune rune, Rune after) => rune.Value switch
    {
        '\'' or '\u2019' => Rune.IsLetter(before) && Rune.IsLetter(after) && !StandsAlone(after),
        '.' or ',' => Rune.IsDigit(before) && Rune.IsDigit(after),
        _ => false,
    };

    private static bool IsPartOfWord(Rune rune) => Rune.GetUnicodeCategory(rune)
        is <= UnicodeCategory.OtherNumber or UnicodeCategory.ConnectorPunctuation;

    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse;

    private static string Masked(string word) => word.Any(char.IsDigit) ? string.Concat(word.Select(c => char.IsDigit(c) ? '0' : c)) : word;
}
