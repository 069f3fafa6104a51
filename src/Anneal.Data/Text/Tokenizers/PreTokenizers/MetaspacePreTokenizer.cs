using System.Text.Json;

namespace Anneal.Data;

/// <summary>Spaces become a visible sign that begins a word.</summary>
internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme prependScheme, bool split) : PreTokenizer
{
    /// <summary>The sign that is used everywhere: a low line as wide as a block.</summary>
    internal const char Sign = '\u2581';

    internal override void Apply(SplitText text)
    {
        foreach (TextSplit part in text.Splits)
        {
            if (part.TokenId == TextSplit.NoToken)
                text.Text.MutableChars[part.Start..part.End].Replace(' ', replacement);
        }

        if (!NeedsPrefix(text))
        {
            foreach (TextSplit part in text.Splits)
                Add(text, text.Text.Chars, part);
            text.Commit();
            return;
        }

        // The cuts are found in the text as it was, and moved to where they stand in the new one.
        AlignedText whole = text.Text;
        whole.BeginRewrite();
        ReadOnlySpan<TextSplit> parts = text.Splits;
        Span<TextSplit> moved = parts.Length <= 16 ? stackalloc TextSplit[16] : new TextSplit[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            int start = whole.Written;
            if (IsPrefixed(whole, parts[i]))
            {
                CodePoints.At(whole.Chars, parts[i].Start, out int length);
                whole.Write([replacement], parts[i].Start, parts[i].Start + length);
            }

            whole.Copy(parts[i].Start, parts[i].End);
            moved[i] = new TextSplit(start, whole.Written, parts[i].TokenId);
        }

        int count = parts.Length;
        whole.EndRewrite();
        foreach (TextSplit part in moved[..count])
            Add(text, whole.Chars, part);
        text.Commit();
    }

    internal override void Write(Utf8JsonWriter json) => Write(json, replacement, prependScheme, split);

    internal static void Write(Utf8JsonWriter json, char replacement, PrependScheme prependScheme, bool split)
    {
        json.WriteStartObject();
        json.WriteString("type", "Metaspace");
        json.WriteString("replacement", [replacement]);
        json.WriteString("prepend_scheme", prependScheme switch
        {
            PrependScheme.Always => "always",
            PrependScheme.Never => "never",
            _ => "first",
        });
        json.WriteBoolean("split", split);
        json.WriteEndObject();
    }

    private void Add(SplitText text, ReadOnlySpan<char> chars, TextSplit part)
    {
        if (!split || part.TokenId != TextSplit.NoToken)
        {
            text.Add(part);
            return;
        }

        int from = part.Start;
        while (from < part.End)
        {
            int next = chars[(from + 1)..part.End].IndexOf(replacement);
            int to = next < 0 ? part.End : from + 1 + next;
            text.Add(from, to);
            from = to;
        }
    }

    private bool NeedsPrefix(SplitText text)
    {
        foreach (TextSplit part in text.Splits)
        {
            if (IsPrefixed(text.Text, part))
                return true;
        }

        return false;
    }

    private bool IsPrefixed(AlignedText text, TextSplit part) =>
        part.TokenId == TextSplit.NoToken && text.Chars[part.Start] != replacement
        && (prependScheme == PrependScheme.Always || prependScheme == PrependScheme.First && text.StartOf(part.Start) == 0);
}
