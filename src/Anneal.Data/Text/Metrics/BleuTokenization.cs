using System.Text.RegularExpressions;

namespace Anneal.Data;

/// <summary>How texts are cut into words before n-grams are counted.</summary>
public enum BleuTokenization
{
    /// <summary>
    /// As mteval-v13a does, by which translations are judged: punctuation and symbols of ASCII are words of their own, points and commas unless they
    /// stand between digits.
    /// </summary>
    Mteval13a,

    /// <summary>White space alone separates words, for texts that are words already.</summary>
    WhiteSpace,
}

/// <summary>The tokenization of mteval-v13a.</summary>
internal static partial class Mteval13a
{
    internal static List<string> Words(string text)
    {
        text = TemplateStrings.Strip(text, null, left: false, right: true).Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ');
        text = text.Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
        text = Symbols().Replace(" " + text + " ", " $0 ");
        text = AfterOther().Replace(text, "$1 $2 ");
        text = BeforeOther().Replace(text, " $1 $2");
        text = AfterDigit().Replace(text, "$1 $2 ");
        return AnswerTexts.Words(text);
    }

    // All signs of ASCII but the apostrophe, the comma, the hyphen and the point; the space is among them, which changes nothing.
    [GeneratedRegex(@"[\x20-&(-+/:-@\[-`{-~]", RegexOptions.CultureInvariant)]
    private static partial Regex Symbols();

    [GeneratedRegex(@"([^0-9])([.,])", RegexOptions.CultureInvariant)]
    private static partial Regex AfterOther();

    [GeneratedRegex(@"([.,])([^0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex BeforeOther();

    [GeneratedRegex(@"([0-9])(-)", RegexOptions.CultureInvariant)]
    private static partial Regex AfterDigit();
}
