using System.Text.Json;

namespace Anneal.Data;

/// <summary>Words by GPT-2's pattern and bytes as characters.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool trimOffsets, bool useRegex) : PreTokenizer
{
    private static readonly SplitPreTokenizer Words = new(RegexPattern.Create(WordScanner.Gpt2, RegexDialect.Oniguruma), SplitBehavior.Isolated, invert: false);

    internal override void Apply(SplitText text)
    {
        Cut(text);
        text.Text.BeginRewrite();
        foreach (TextSplit part in text.Splits)
        {
            int start = text.Text.Written;
            if (part.TokenId != TextSplit.NoToken)
                text.Text.Copy(part.Start, part.End);
            else
                ByteAlphabet.Rewrite(text.Text, part.Start, part.End);
            text.Add(new TextSplit(start, text.Text.Written, part.TokenId));
        }

        text.Text.EndRewrite();
        text.Commit();
    }

    /// <summary>The cuts alone, for a model that turns words to bytes by itself.</summary>
    internal void Cut(SplitText text)
    {
        if (addPrefixSpace)
            AddSpaces(text);
        if (useRegex)
            Words.Apply(text);
    }

    internal override void Write(Utf8JsonWriter json) => Write(json, addPrefixSpace, trimOffsets, useRegex);

    internal static void Write(Utf8JsonWriter json, bool addPrefixSpace, bool trimOffsets, bool useRegex)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", addPrefixSpace);
        json.WriteBoolean("trim_offsets", trimOffsets);
        json.WriteBoolean("use_regex", useRegex);
        json.WriteEndObject();
    }

    private static void AddSpaces(SplitText text)
    {
        AlignedText whole = text.Text;
        whole.BeginRewrite();
        foreach (TextSplit part in text.Splits)
        {
            int start = whole.Written;
            if (part.TokenId == TextSplit.NoToken && whole.Chars[part.Start] != ' ')
            {
                CodePoints.At(whole.Chars, part.Start, out int length);
                whole.Write([' '], part.Start, part.Start + length);
            }

            whole.Copy(part.Start, part.End);
            text.Add(new TextSplit(start, whole.Written, part.TokenId));
        }

        whole.EndRewrite();
        text.Commit();
    }
}
