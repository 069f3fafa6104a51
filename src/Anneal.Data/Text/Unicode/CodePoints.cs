using System.Globalization;
using System.Runtime.CompilerServices;

namespace Anneal.Data;

/// <summary>Code points in text of UTF-16, and sets of general categories as bits.</summary>
internal static class CodePoints
{
    internal const uint
        Lu = 1u << (int)UnicodeCategory.UppercaseLetter, Ll = 1u << (int)UnicodeCategory.LowercaseLetter, Lt = 1u << (int)UnicodeCategory.TitlecaseLetter,
        Lm = 1u << (int)UnicodeCategory.ModifierLetter, Lo = 1u << (int)UnicodeCategory.OtherLetter, Mn = 1u << (int)UnicodeCategory.NonSpacingMark,
        Mc = 1u << (int)UnicodeCategory.SpacingCombiningMark, Me = 1u << (int)UnicodeCategory.EnclosingMark, Nd = 1u << (int)UnicodeCategory.DecimalDigitNumber,
        Nl = 1u << (int)UnicodeCategory.LetterNumber, No = 1u << (int)UnicodeCategory.OtherNumber, Pc = 1u << (int)UnicodeCategory.ConnectorPunctuation,
        Pd = 1u << (int)UnicodeCategory.DashPunctuation, Ps = 1u << (int)UnicodeCategory.OpenPunctuation, Pe = 1u << (int)UnicodeCategory.ClosePunctuation,
        Pi = 1u << (int)UnicodeCategory.InitialQuotePunctuation, Pf = 1u << (int)UnicodeCategory.FinalQuotePunctuation,
        Po = 1u << (int)UnicodeCategory.OtherPunctuation, Cc = 1u << (int)UnicodeCategory.Control, Cf = 1u << (int)UnicodeCategory.Format,
        Cs = 1u << (int)UnicodeCategory.Surrogate, Co = 1u << (int)UnicodeCategory.PrivateUse;

    internal const uint Letter = Lu | Ll | Lt | Lm | Lo, Mark = Mn | Mc | Me, Number = Nd | Nl | No, Punctuation = Pc | Pd | Ps | Pe | Pi | Pf | Po;

    /// <summary>A bit of its own, of no category, for the property White_Space.</summary>
    internal const uint Space = 1u << 30;

    private const char Replacement = '\uFFFD';

    // A bit for each category and one for white space; half of a pair has none.
    private static readonly uint[] FirstPlane = MakeFirstPlane();

    /// <summary>The bits of a code unit, which are 0 for half of a surrogate pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint BitsOf(char unit) => FirstPlane[unit];

    /// <summary>The bits of a code point.</summary>
    internal static uint BitsOf(int codePoint) =>
        codePoint <= char.MaxValue ? FirstPlane[codePoint] : 1u << (int)CharUnicodeInfo.GetUnicodeCategory(codePoint);

    internal static bool IsWhiteSpace(int codePoint) => (BitsOf(codePoint) & Space) != 0;

    /// <summary>White_Space in ASCII or beyond, as <c>\w</c> of the field's regular expressions: alphabetic, marks, decimal digits, connectors.</summary>
    internal static bool IsWord(int codePoint) =>
        (BitsOf(codePoint) & (Letter | Mark | Nd | Nl | Pc)) != 0
        || codePoint is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189) or 0x200C or 0x200D;

    /// <summary>Punctuation by category, and every sign of ASCII that is neither a letter nor a digit.</summary>
    internal static bool IsPunctuation(int codePoint) =>
        codePoint < 128
            ? codePoint is (>= '!' and <= '/') or (>= ':' and <= '@') or (>= '[' and <= '`') or (>= '{' and <= '~')
            : (BitsOf(codePoint) & Punctuation) != 0;

    /// <summary>The code point that begins at an index of sound UTF-16, and how many units it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int At(ReadOnlySpan<char> text, int index, out int length)
    {
        char first = text[index];
        if (!char.IsHighSurrogate(first) || index + 1 >= text.Length)
        {
            length = 1;
            return first;
        }

        length = 2;
        return char.ConvertToUtf32(first, text[index + 1]);
    }

    /// <summary>The code point that ends before an index of sound UTF-16.</summary>
    internal static int Before(ReadOnlySpan<char> text, int index, out int length)
    {
        char last = text[index - 1];
        if (!char.IsLowSurrogate(last) || index < 2)
        {
            length = 1;
            return last;
        }

        length = 2;
        return char.ConvertToUtf32(text[index - 2], last);
    }

    /// <summary>Writes a code point.</summary>
    /// <returns>How many units were written, 1 or 2.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Write(int codePoint, Span<char> target)
    {
        if (codePoint <= char.MaxValue)
        {
            target[0] = (char)codePoint;
            return 1;
        }

        codePoint -= 0x10000;
        target[0] = (char)(0xD800 + (codePoint >> 10));
        target[1] = (char)(0xDC00 + (codePoint & 0x3FF));
        return 2;
    }

    /// <summary>Replaces each half of a surrogate pair that stands alone by U+FFFD, which is as long.</summary>
    internal static void RepairSurrogates(Span<char> text)
    {
        for (int i = text.IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length;)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i += 2;
            else
                text[i++] = Replacement;
            int next = text[i..].IndexOfAnyInRange('\uD800', '\uDFFF');
            i = next < 0 ? text.Length : i + next;
        }
    }

    /// <summary>The code points of sound UTF-16.</summary>
    internal static int[] Of(string text)
    {
        var points = new List<int>(text.Length);
        for (int i = 0; i < text.Length;)
        {
            points.Add(At(text, i, out int length));
            i += length;
        }

        return [.. points];
    }

    private static uint[] MakeFirstPlane()
    {
        var bits = new uint[char.MaxValue + 1];
        for (int c = 0; c < bits.Length; c++)
        {
            if (!char.IsSurrogate((char)c))
                bits[c] = 1u << (int)CharUnicodeInfo.GetUnicodeCategory(c);
            if (char.IsWhiteSpace((char)c))
                bits[c] |= Space;
        }

        return bits;
    }
}
