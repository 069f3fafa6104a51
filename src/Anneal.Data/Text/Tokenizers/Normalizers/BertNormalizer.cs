using System.Text.Json;

namespace Anneal.Data;

/// <summary>The normalizer of BERT (Devlin et al., 2018), in one pass over the text.</summary>
internal sealed class BertNormalizer(bool cleanText, bool handleChineseChars, bool? stripAccents, bool lowercase) : Normalizer
{
    private readonly bool _stripsAccents = stripAccents ?? lowercase;

    internal override void Apply(AlignedText text)
    {
        if (TryInPlace(text.MutableChars))
            return;
        text.BeginRewrite();
        ReadOnlySpan<char> chars = text.Chars;
        for (int i = 0; i < chars.Length;)
        {
            int end = i;
            while (end < chars.Length && chars[end] is >= ' ' and < (char)0x7F)
                end++;
            text.Copy(i, end);
            if (end == chars.Length)
                break;
            int point = CodePoints.At(chars, end, out int length);
            WritePoint(text, point, end, end + length);
            i = end + length;
        }

        text.EndRewrite();
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "BertNormalizer");
        json.WriteBoolean("clean_text", cleanText);
        json.WriteBoolean("handle_chinese_chars", handleChineseChars);
        if (stripAccents is { } strips)
            json.WriteBoolean("strip_accents", strips);
        else
            json.WriteNull("strip_accents");
        json.WriteBoolean("lowercase", lowercase);
        json.WriteEndObject();
    }

    // ASCII keeps its length, unless a control character goes. What is changed up to a place that needs more stays right.
    private bool TryInPlace(Span<char> chars)
    {
        bool isWhole = true;
        for (int i = 0; i < chars.Length; i++)
        {
            char c = chars[i];
            if (c >= 128)
            {
                isWhole = false;
                continue;
            }

            if (c is >= 'A' and <= 'Z')
            {
                if (lowercase)
                    chars[i] = (char)(c | 0x20);
            }
            else if (c < ' ' || c == 0x7F)
            {
                if (cleanText && c is '\t' or '\n' or '\r')
                    chars[i] = ' ';
                else
                    isWhole &= !cleanText;
            }
        }

        return isWhole;
    }

    private bool IsRemoved(int point) =>
        cleanText && (point is 0 or 0xFFFD || (CodePoints.BitsOf(point) & (CodePoints.Cc | CodePoints.Cf | CodePoints.Co)) != 0 && point is not ('\t' or '\n' or '\r'));

    private void WritePoint(AlignedText text, int point, int from, int to)
    {
        if (IsRemoved(point))
            return;
        if (cleanText && CodePoints.IsWhiteSpace(point))
            point = ' ';
        bool isApart = handleChineseChars && IsChinese(point);
        if (isApart)
            text.Write(' ', from, to);
        if (!_stripsAccents)
        {
            WriteLower(text, point, from, to);
        }
        else if (Hangul.IsSyllable(point))
        {
            var parts = new List<(int CodePoint, int Change)>(3);
            Hangul.Decompose(point, parts);
            foreach ((int part, _) in parts)
                WriteLower(text, part, from, to);
        }
        else if (UnicodeData.Tables.Canonical.TryGetValue(point, out int[]? parts))
        {
            foreach (int part in parts)
            {
                if ((CodePoints.BitsOf(part) & CodePoints.Mn) == 0)
                    WriteLower(text, part, from, to);
            }
        }
        else if ((CodePoints.BitsOf(point) & CodePoints.Mn) == 0)
        {
            WriteLower(text, point, from, to);
        }

        if (isApart)
            text.Write(' ', from, to);
    }

    private void WriteLower(AlignedText text, int point, int from, int to)
    {
        if (!lowercase)
        {
            text.Write(point, from, to);
            return;
        }

        text.Write(UnicodeData.ToLower(point), from, to);
        if (point == UnicodeData.CapitalIWithDot)
            text.Write(UnicodeData.DotAbove, from, to);
    }

    private static bool IsChinese(int point) =>
        point is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
            or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
