using System.Text;

namespace Anneal.Data;

/// <summary>What is made equal before answers are compared.</summary>
public enum AnswerNormalization
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>
    /// As SQuAD is judged (Rajpurkar et al., 2016): lower case, without the punctuation of ASCII, without the articles a, an and the, one space between
    /// words.
    /// </summary>
    Squad,
}

/// <summary>Answers as they are compared.</summary>
internal static class AnswerTexts
{
    internal static AnswerNormalization Checked(AnswerNormalization normalization) =>
        Enum.IsDefined(normalization) ? normalization : throw new OptionException(FormattableString.Invariant($"{nameof(AnswerNormalization)} has no value {(int)normalization}."));

    internal static string Normalize(string text, AnswerNormalization normalization) =>
        normalization == AnswerNormalization.None ? text : string.Join(' ', Words(WithoutArticles(LowerWithoutPunctuation(text))));

    /// <summary>What stands between white space, which is here what it is in Python: separators of files and records count.</summary>
    internal static List<string> Words(string text)
    {
        var words = new List<string>();
        int begin = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !(CodePoints.IsWhiteSpace(text[i]) || text[i] is >= '\u001C' and <= '\u001F'))
                continue;
            if (i > begin)
                words.Add(text[begin..i]);
            begin = i + 1;
        }

        return words;
    }

    private static string LowerWithoutPunctuation(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value == UnicodeData.CapitalIWithDot)
                result.Append('i').Append((char)UnicodeData.DotAbove);
            else if (!(rune.IsAscii && CodePoints.IsPunctuation(rune.Value)))
                result.Append(new Rune(UnicodeData.ToLower(rune.Value)));
        }

        return result.ToString();
    }

    /// <summary>Articles become spaces where neither a letter nor a number stands beside them.</summary>
    private static string WithoutArticles(string text)
    {
        var result = new StringBuilder(text.Length);
        int begin = 0;
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i, out int length);
            i += length;
            if ((CodePoints.BitsOf(codePoint) & (CodePoints.Letter | CodePoints.Number)) != 0)
                continue;
            Flush(i - length);
            result.Append(text, i - length, length);
            begin = i;
        }

        Flush(text.Length);
        return result.ToString();

        void Flush(int end)
        {
            ReadOnlySpan<char> word = text.AsSpan(begin, end - begin);
            if (word is "a" or "an" or "the")
                result.Append(' ');
            else
                result.Append(word);
        }
    }
}
