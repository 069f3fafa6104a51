using System.Globalization;
using System.Text;

namespace Anneal.Data;

/// <summary>
/// The runtime's regular expressions see units of UTF-16, the field's see code points. So each code point beyond the first plane gets a stand-in
/// in the area for private use: one for every pair of general category and script, which is all that an expression can ask for. Characters for
/// private use in the text get one too.
/// </summary>
internal static class StandIns
{
    private const char First = '\uE000', Last = '\uF8FF';
    private const int Categories = 30;
    private static readonly string[] ScriptNames = [.. UnicodeData.Scripts.Select(s => s.Name).Distinct(), "Unknown"];

    private static readonly Dictionary<string, int> ScriptIndex =
        ScriptNames.Select((name, index) => (name, index)).ToDictionary(s => s.name, s => s.index, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a text has code points that need one.</summary>
    internal static bool AreNeeded(ReadOnlySpan<char> text) => text.IndexOfAnyInRange('\uD800', Last) >= 0;

    /// <summary>Whether a unit of an expression could be mistaken for one.</summary>
    internal static bool Collides(int first, int last) => last >= 0xD800 && first <= Last;

    /// <summary>A text of one unit for each code point.</summary>
    internal static char[] Of(ReadOnlySpan<char> text)
    {
        var seen = new char[text.Length];
        int count = 0;
        for (int i = 0; i < text.Length;)
        {
            int point = CodePoints.At(text, i, out int length);
            bool isPlain = point <= char.MaxValue && point is < First or > Last;
            seen[count++] = isPlain ? (char)point : At((int)CharUnicodeInfo.GetUnicodeCategory(point), ScriptIndex[UnicodeData.ScriptOf(point)]);
            i += length;
        }

        return seen[..count];
    }

    /// <summary>The inside of a character class that stands for general categories.</summary>
    internal static string ClassOf(uint categories)
    {
        var text = new StringBuilder();
        for (int category = 0; category < Categories; category++)
        {
            if ((categories >> category & 1) == 0)
                continue;

            // Those for private use themselves are all replaced, and halves of pairs do not occur.
            if (1u << category is not (CodePoints.Co or CodePoints.Cs))
                text.Append(CultureInfo.InvariantCulture, $@"\p{{{Names[category]}}}");
            text.Append(CultureInfo.InvariantCulture, $@"\u{(int)At(category, 0):X4}-\u{(int)At(category, ScriptNames.Length - 1):X4}");
        }

        return text.ToString();
    }

    /// <summary>The inside of a character class that stands for a script; null where there is none of the name.</summary>
    internal static string? ClassOfScript(string name)
    {
        if (!ScriptIndex.TryGetValue(name, out int index) || ScriptNames[index] == "Unknown")
            return null;
        var text = new StringBuilder();
        foreach ((int first, int last, string script) in UnicodeData.Scripts)
        {
            if (script == ScriptNames[index] && first <= char.MaxValue)
                text.Append(CultureInfo.InvariantCulture, $@"\u{first:X4}-\u{Math.Min(last, char.MaxValue):X4}");
        }

        for (int category = 0; category < Categories; category++)
            text.Append(CultureInfo.InvariantCulture, $@"\u{(int)At(category, index):X4}");
        return text.ToString();
    }

    /// <summary>The bits of a general category or of a group of them, by its short or long name; 0 where there is none of the name.</summary>
    internal static uint CategoriesOf(string name)
    {
        uint bits = 0;
        for (int category = 0; category < Categories; category++)
        {
            if (Names[category] == name || name.Length == 1 && Names[category][0] == name[0])
                bits |= 1u << category;
        }

        return bits != 0 ? bits : name switch
        {
            "Letter" => CodePoints.Letter,
            "Mark" => CodePoints.Mark,
            "Number" => CodePoints.Number,
            "Punctuation" or "Punct" => CodePoints.Punctuation,
            "Symbol" => CategoriesOf("S"),
            "Separator" => CategoriesOf("Z"),
            "Other" => CategoriesOf("C"),
            _ => 0,
        };
    }

    // In the order of UnicodeCategory.
    private static readonly string[] Names =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private static char At(int category, int script) => (char)(First + category * ScriptNames.Length + script);
}
