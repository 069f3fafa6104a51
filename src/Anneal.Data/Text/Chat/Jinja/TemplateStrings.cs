using System.Globalization;
using System.Numerics;
using System.Text;

namespace Anneal.Data;

/// <summary>Strings as Python sees them: places are code points, white space is what Python takes for it, and numbers are written its way.</summary>
internal static class TemplateStrings
{
    /// <summary>White space of Unicode, and the separators of files and records, which Python takes for it too.</summary>
    internal static bool IsSpace(char unit) => CodePoints.IsWhiteSpace(unit) || unit is >= '\u001C' and <= '\u001F';

    internal static bool HasPairs(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;

    /// <summary>How many code points a string has; half of a pair counts as one.</summary>
    internal static int Length(string text)
    {
        if (!HasPairs(text))
            return text.Length;
        int length = 0;
        for (int i = 0; i < text.Length; length++)
            i += char.IsSurrogatePair(text, i) ? 2 : 1;
        return length;
    }

    /// <summary>The code points of a string, each as a string.</summary>
    internal static string[] Characters(string text)
    {
        var characters = new List<string>(text.Length);
        for (int i = 0; i < text.Length;)
        {
            int length = char.IsSurrogatePair(text, i) ? 2 : 1;
            characters.Add(text.Substring(i, length));
            i += length;
        }

        return [.. characters];
    }

    /// <summary>The order of code points, which is not that of UTF-16.</summary>
    internal static int Order(string left, string right)
    {
        int same = left.AsSpan().CommonPrefixLength(right);
        if (same == left.Length || same == right.Length)
            return left.Length.CompareTo(right.Length);
        char a = left[same], b = right[same];
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }

    internal static string Strip(string text, string? characters, bool left, bool right)
    {
        int start = 0, end = text.Length;
        if (characters is not null && (HasPairs(characters) || HasPairs(text)))
            return StripPairs(text, characters, left, right);
        while (left && start < end && IsStripped(text[start], characters))
            start++;
        while (right && end > start && IsStripped(text[end - 1], characters))
            end--;
        return text[start..end];
    }

    // Halves of pairs are no characters of their own: another one may begin alike.
    private static string StripPairs(string text, string characters, bool left, bool right)
    {
        string[] all = Characters(text);
        HashSet<string> stripped = [.. Characters(characters)];
        int start = 0, end = all.Length;
        while (left && start < end && stripped.Contains(all[start]))
            start++;
        while (right && end > start && stripped.Contains(all[end - 1]))
            end--;
        return string.Concat(all[start..end]);
    }

    /// <summary>A number to so many digits behind its point: the nearest of its exact value, and of two the one whose last digit is even, as Python rounds.</summary>
    internal static double Round(double value, int digits)
    {
        const int MantissaBits = 52, Bias = 1075;
        if (!double.IsFinite(value) || value == Math.Truncate(value))
            return value;
        long bits = BitConverter.DoubleToInt64Bits(value), fraction = bits & ((1L << MantissaBits) - 1);
        int exponent = (int)(bits >> MantissaBits) & 0x7FF;
        long mantissa = exponent == 0 ? fraction : fraction | 1L << MantissaBits;

        // A value with a part behind its point is mantissa / 2^shift.
        int shift = Bias - Math.Max(exponent, 1);
        BigInteger scaled = mantissa * BigInteger.Pow(10, digits), whole = scaled >> shift, rest = scaled - (whole << shift), half = BigInteger.One << (shift - 1);
        if (rest > half || (rest == half && !whole.IsEven))
            whole++;
        double rounded = double.Parse(string.Create(CultureInfo.InvariantCulture, $"{whole}E-{digits}"), CultureInfo.InvariantCulture);
        return value < 0 ? -rounded : rounded;
    }

    internal static string ToUpper(string text) => text.Contains('\u00DF', StringComparison.Ordinal)
        ? text.Replace("\u00DF", "SS", StringComparison.Ordinal).ToUpperInvariant()
        : text.ToUpperInvariant();

    internal static string ToLower(string text)
    {
        var lower = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            // A template in memory may hold half of a pair.
            if (char.IsSurrogate(text[i]) && !char.IsSurrogatePair(text, i))
            {
                lower.Append(text[i++]);
                continue;
            }

            int point = CodePoints.At(text, i, out int length);
            if (point == UnicodeData.CapitalIWithDot)
                lower.Append('i').Append((char)UnicodeData.DotAbove);
            else
                lower.Append(new Rune(UnicodeData.ToLower(point)));
            i += length;
        }

        return lower.ToString();
    }

    /// <summary>The first letter large, the others small.</summary>
    internal static string Capitalize(string text)
    {
        int first = text.Length == 0 ? 0 : char.IsSurrogatePair(text, 0) ? 2 : 1;
        return ToUpper(text[..first]) + ToLower(text[first..]);
    }

    /// <summary>Each word capitalized, where words begin as a condition on what stands before says.</summary>
    internal static string Title(string text, Func<char, bool> beginsAfter)
    {
        var result = new StringBuilder(text.Length);
        for (int start = 0; start < text.Length;)
        {
            int end = start + 1;
            while (end < text.Length && !beginsAfter(text[end - 1]))
                end++;
            result.Append(Capitalize(text[start..end]));
            start = end;
        }

        return result.ToString();
    }

    /// <summary>The lines of a text without their ends; all of Python's line ends count.</summary>
    internal static List<string> Lines(string text, bool keepEnds = false)
    {
        var lines = new List<string>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or >= '\u001C' and <= '\u001E' or '\u0085' or '\u2028' or '\u2029'))
                continue;
            int after = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text[start..(keepEnds ? after : i)]);
            start = after;
            i = after - 1;
        }

        if (start < text.Length)
            lines.Add(text[start..]);
        return lines;
    }

    /// <summary>The words between white space, at most so many cuts from the left; a negative number is no bound.</summary>
    internal static List<string> SplitSpace(string text, long most)
    {
        var parts = new List<string>();
        int i = 0;
        while (true)
        {
            while (i < text.Length && IsSpace(text[i]))
                i++;
            if (i == text.Length)
                return parts;
            int start = i;
            if (most >= 0 && parts.Count >= most)
            {
                parts.Add(text[start..]);
                return parts;
            }

            while (i < text.Length && !IsSpace(text[i]))
                i++;
            parts.Add(text[start..i]);
        }
    }

    /// <summary>The parts between separators, at most so many cuts; a negative number is no bound.</summary>
    internal static List<string> Split(string text, string separator, long most, bool fromRight)
    {
        var parts = new List<string>();
        int start = 0, end = text.Length;
        while (most < 0 || parts.Count < most)
        {
            int at = fromRight ? text.AsSpan(start, end - start).LastIndexOf(separator, StringComparison.Ordinal) : text.AsSpan(start).IndexOf(separator, StringComparison.Ordinal);
            if (at < 0)
                break;
            parts.Add(fromRight ? text[(at + separator.Length)..end] : text.Substring(start, at));
            (start, end) = fromRight ? (start, at) : (start + at + separator.Length, end);
        }

        parts.Add(text[start..end]);
        if (fromRight)
            parts.Reverse();
        return parts;
    }

    /// <summary>Python's <c>repr</c> of a number: the shortest digits that mean it.</summary>
    internal static string Of(double value)
    {
        if (!double.IsFinite(value))
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        string shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        for (int precision = 0; precision < 17; precision++)
        {
            string candidate = value.ToString(string.Create(CultureInfo.InvariantCulture, $"E{precision}"), CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture).Equals(value))
            {
                shortest = candidate;
                break;
            }
        }

        int mark = shortest.IndexOf('E', StringComparison.Ordinal), exponent = int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string sign = shortest[0] == '-' ? "-" : "", digits = shortest[sign.Length..mark].Replace(".", "", StringComparison.Ordinal);
        if (exponent is < -4 or >= 16)
        {
            string rest = digits.Length > 1 ? "." + digits[1..] : "";
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{rest}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (exponent < 0)
            return sign + "0." + new string('0', -exponent - 1) + digits;
        digits = digits.PadRight(exponent + 1, '0');
        return sign + digits[..(exponent + 1)] + "." + (digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0");
    }

    private static bool IsStripped(char unit, string? characters) => characters is null ? IsSpace(unit) : characters.Contains(unit, StringComparison.Ordinal);
}
