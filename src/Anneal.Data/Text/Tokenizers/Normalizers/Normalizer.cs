using System.Text.Json;

namespace Anneal.Data;

/// <summary>Changes text before it is cut and looked up: the first step of a <see cref="Tokenizer"/>.</summary>
/// <remarks>Definitions are those of the field's <c>tokenizer.json</c>. Results do not depend on the machine, its culture or its libraries.</remarks>
public abstract class Normalizer
{
    private protected Normalizer()
    {
    }

    /// <summary>Canonical composition (Unicode normalization form C).</summary>
    public static Normalizer Nfc { get; } = new UnicodeNormalizer(NormalizationKind.Nfc);

    /// <summary>Canonical decomposition (form D).</summary>
    public static Normalizer Nfd { get; } = new UnicodeNormalizer(NormalizationKind.Nfd);

    /// <summary>Compatibility composition (form KC): full-width letters, ligatures and the like become plain ones.</summary>
    public static Normalizer Nfkc { get; } = new UnicodeNormalizer(NormalizationKind.Nfkc);

    /// <summary>Compatibility decomposition (form KD).</summary>
    public static Normalizer Nfkd { get; } = new UnicodeNormalizer(NormalizationKind.Nfkd);

    /// <summary>Lower case, code point by code point, by the rules of Unicode that depend on no language and no context.</summary>
    public static Normalizer Lowercase { get; } = new LowercaseNormalizer();

    /// <summary>Removes combining marks; after <see cref="Nfd"/> it removes accents.</summary>
    public static Normalizer StripAccents { get; } = new StripAccentsNormalizer();

    /// <summary>Removes white space at both ends.</summary>
    public static Normalizer Strip { get; } = new StripNormalizer(left: true, right: true);

    /// <summary>The normalizer of BERT: control characters removed, white space made spaces, Chinese characters set apart, accents and case removed.</summary>
    /// <param name="lowercase">Whether case is removed.</param>
    /// <param name="stripAccents">Whether accents are removed; null: as case.</param>
    public static Normalizer Bert(bool lowercase = true, bool? stripAccents = null) => new BertNormalizer(true, true, stripAccents, lowercase);

    /// <summary>Replaces every occurrence of a text by another.</summary>
    /// <param name="pattern">What is replaced; not empty.</param>
    /// <param name="content">What takes its place.</param>
    /// <exception cref="OptionException">The pattern is empty.</exception>
    public static Normalizer Replace(string pattern, string content)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(content);
        return new ReplaceNormalizer(pattern.Length > 0 ? new LiteralPattern(pattern) : throw new OptionException("The text to be replaced is empty."), content);
    }

    /// <summary>Puts a text before every text that is not empty.</summary>
    public static Normalizer Prepend(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new PrependNormalizer(text);
    }

    /// <summary>Several, one after the other.</summary>
    public static Normalizer Sequence(params ReadOnlySpan<Normalizer> normalizers) => new NormalizerSequence([.. normalizers]);

    /// <summary>A text as this normalizer changes it. Halves of surrogate pairs become U+FFFD first.</summary>
    public string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var aligned = new AlignedText();
        aligned.Reset(text, 0);
        Apply(aligned);
        return aligned.Chars.ToString();
    }

    internal abstract void Apply(AlignedText text);

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    internal abstract void Write(Utf8JsonWriter json);
}

internal sealed class NormalizerSequence(Normalizer[] normalizers) : Normalizer
{
    internal override void Apply(AlignedText text)
    {
        foreach (Normalizer normalizer in normalizers)
            normalizer.Apply(text);
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("normalizers");
        foreach (Normalizer normalizer in normalizers)
            normalizer.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

internal sealed class LowercaseNormalizer : Normalizer
{
    internal override void Apply(AlignedText text)
    {
        Span<char> chars = text.MutableChars;
        if (chars.Contains((char)UnicodeData.CapitalIWithDot))
        {
            Expand(text);
            chars = text.MutableChars;
        }

        // Lower case never moves to another plane, so each code point stays as long as it is.
        for (int i = 0; i < chars.Length; i++)
        {
            char c = chars[i];
            if (c < 128)
            {
                if (c is >= 'A' and <= 'Z')
                    chars[i] = (char)(c | 0x20);
            }
            else if (!char.IsSurrogate(c))
            {
                chars[i] = (char)UnicodeData.ToLower(c);
            }
            else
            {
                CodePoints.Write(UnicodeData.ToLower(CodePoints.At(chars, i, out int length)), chars[i..]);
                i += length - 1;
            }
        }
    }

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "Lowercase");

    private static void Expand(AlignedText text)
    {
        text.BeginRewrite();
        ReadOnlySpan<char> chars = text.Chars;
        for (int i = 0; i < chars.Length;)
        {
            int next = chars[i..].IndexOf((char)UnicodeData.CapitalIWithDot);
            text.Copy(i, next < 0 ? chars.Length : i + next);
            if (next < 0)
                break;
            i += next;
            text.Write('i', i, i + 1);
            text.Write(UnicodeData.DotAbove, i, i + 1);
            i++;
        }

        text.EndRewrite();
    }
}

internal sealed class StripAccentsNormalizer : Normalizer
{
    internal override void Apply(AlignedText text) => FilterNormalizer.Keep(text, static point => (CodePoints.BitsOf(point) & CodePoints.Mark) == 0);

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "StripAccents");
}

internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    internal override void Apply(AlignedText text)
    {
        ReadOnlySpan<char> chars = text.Chars;
        int start = 0, end = chars.Length;
        while (left && start < end && CodePoints.IsWhiteSpace(chars[start]))
            start++;
        while (right && end > start && CodePoints.IsWhiteSpace(chars[end - 1]))
            end--;
        if (end - start == chars.Length)
            return;
        text.BeginRewrite();
        text.Copy(start, end);
        text.EndRewrite();
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Strip");
        json.WriteBoolean("strip_left", left);
        json.WriteBoolean("strip_right", right);
        json.WriteEndObject();
    }
}

internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    internal override void Apply(AlignedText text)
    {
        if (text.Length == 0 || prefix.Length == 0)
            return;
        CodePoints.At(text.Chars, 0, out int length);
        text.BeginRewrite();
        text.Write(prefix, 0, length);
        text.Copy(0, text.Length);
        text.EndRewrite();
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Prepend");
        json.WriteString("prepend", prefix);
        json.WriteEndObject();
    }
}

/// <summary>What the preparation of translation corpora does with control characters and rare kinds of white space.</summary>
internal sealed class NmtNormalizer : Normalizer
{
    internal override void Apply(AlignedText text)
    {
        FilterNormalizer.Keep(text, static point => point is not ((>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F));
        Span<char> chars = text.MutableChars;
        for (int i = 0; i < chars.Length; i++)
        {
            if ((int)chars[i] is 0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD)
                chars[i] = ' ';
        }
    }

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "Nmt");
}

internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : Normalizer
{
    internal override void Apply(AlignedText text)
    {
        if (pattern is LiteralPattern { Text: [var only] } && content is [var replacement] && !char.IsSurrogate(only) && !char.IsSurrogate(replacement))
        {
            text.MutableChars.Replace(only, replacement);
            return;
        }

        var matches = new List<TextSplit>();
        pattern.Find(text.Chars, matches);
        if (matches.Count == 0)
            return;
        text.BeginRewrite();
        int position = 0;
        foreach (TextSplit match in matches)
        {
            text.Copy(position, match.Start);

            // What is put in stands for the last code point that it replaces.
            CodePoints.Before(text.Chars, match.End, out int last);
            text.Write(content, match.End - last, match.End);
            position = match.End;
        }

        text.Copy(position, text.Length);
        text.EndRewrite();
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Replace");
        pattern.Write(json);
        json.WriteString("content", content);
        json.WriteEndObject();
    }
}

internal sealed class ByteLevelNormalizer : Normalizer
{
    internal override void Apply(AlignedText text)
    {
        text.BeginRewrite();
        ByteAlphabet.Rewrite(text, 0, text.Length);
        text.EndRewrite();
    }

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "ByteLevel");
}

/// <summary>Removes code points.</summary>
internal static class FilterNormalizer
{
    internal static void Keep(AlignedText text, Func<int, bool> isKept)
    {
        ReadOnlySpan<char> chars = text.Chars;
        int first = 0;
        while (first < chars.Length)
        {
            if (!isKept(CodePoints.At(chars, first, out int length)))
                break;
            first += length;
        }

        if (first == chars.Length)
            return;
        text.BeginRewrite();
        int from = 0;
        for (int i = first; i < chars.Length;)
        {
            bool keep = isKept(CodePoints.At(chars, i, out int length));
            if (!keep)
            {
                text.Copy(from, i);
                from = i + length;
            }

            i += length;
        }

        text.Copy(from, chars.Length);
        text.EndRewrite();
    }
}
