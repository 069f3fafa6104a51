using System.Text.Json;

namespace Anneal.Data;

/// <summary>What happens to the parts of a text that a <see cref="PreTokenizer"/> splits at.</summary>
public enum SplitBehavior
{
    /// <summary>Each becomes a part of its own.</summary>
    Isolated,

    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each joins the part before it.</summary>
    MergedWithPrevious,

    /// <summary>Each joins the part behind it.</summary>
    MergedWithNext,

    /// <summary>Those that stand side by side become one part.</summary>
    Contiguous,
}

/// <summary>Which parts of a text begin with the sign for a space although no space stands there.</summary>
public enum PrependScheme
{
    /// <summary>Every part between added tokens.</summary>
    Always,

    /// <summary>None.</summary>
    Never,

    /// <summary>Only the beginning of the text.</summary>
    First,
}

/// <summary>Cuts normalized text into words, each of which a model then looks up for itself: the second step of a <see cref="Tokenizer"/>.</summary>
public abstract class PreTokenizer
{
    private protected PreTokenizer()
    {
    }

    /// <summary>White space dropped, each punctuation sign apart, as in BERT.</summary>
    public static PreTokenizer Bert { get; } = new BertPreTokenizer();

    /// <summary>Words and runs of signs, white space dropped.</summary>
    public static PreTokenizer Whitespace { get; } = new WhitespacePreTokenizer();

    /// <summary>Cut at white space, which is dropped.</summary>
    public static PreTokenizer WhitespaceSplit { get; } = new CharacterSplit("WhitespaceSplit", CodePoints.IsWhiteSpace, SplitBehavior.Removed);

    /// <summary>Bytes as characters, as in GPT-2.</summary>
    /// <param name="addPrefixSpace">Whether a text that does not begin with a space gets one.</param>
    /// <param name="useRegex">Whether words are found with GPT-2's pattern; otherwise the text is not cut.</param>
    public static PreTokenizer ByteLevel(bool addPrefixSpace = false, bool useRegex = true) => new ByteLevelPreTokenizer(addPrefixSpace, true, useRegex);

    /// <summary>Spaces become a visible sign that begins a word, as in SentencePiece.</summary>
    /// <param name="prependScheme">What gets such a sign in front.</param>
    /// <param name="split">Whether the text is cut before each sign.</param>
    public static PreTokenizer Metaspace(PrependScheme prependScheme = PrependScheme.Always, bool split = true) =>
        new MetaspacePreTokenizer(MetaspacePreTokenizer.Sign, prependScheme, split);

    /// <summary>Each punctuation sign is a place to cut at.</summary>
    public static PreTokenizer Punctuation(SplitBehavior behavior = SplitBehavior.Isolated) => new CharacterSplit("Punctuation", CodePoints.IsPunctuation, behavior);

    /// <summary>Numbers apart from everything else.</summary>
    /// <param name="individualDigits">Whether each digit is apart from the next.</param>
    public static PreTokenizer Digits(bool individualDigits = false) => new DigitsPreTokenizer(individualDigits);

    /// <summary>Cut at every match of a regular expression.</summary>
    /// <param name="regex">The expression, as the field writes them: possessive quantifiers, Unicode categories and scripts; it sees code points.</param>
    /// <param name="behavior">What happens to the matches.</param>
    /// <param name="invert">Whether the matches are the words instead of what stands between them.</param>
    /// <exception cref="OptionException">The expression is not sound or uses what is not supported.</exception>
    public static PreTokenizer Split(string regex, SplitBehavior behavior, bool invert = false)
    {
        ArgumentNullException.ThrowIfNull(regex);
        return new SplitPreTokenizer(RegexPattern.Create(regex, RegexDialect.Oniguruma), behavior, invert);
    }

    /// <summary>Several, one after the other, each on the parts that the one before made.</summary>
    public static PreTokenizer Sequence(params ReadOnlySpan<PreTokenizer> preTokenizers) => new PreTokenizerSequence([.. preTokenizers]);

    /// <summary>The parts that a text is cut into, as they look afterwards.</summary>
    /// <exception cref="TokenizationException">A regular expression takes too long.</exception>
    public IReadOnlyList<string> PreTokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = new SplitText();
        parts.Reset(text, 0);
        Apply(parts);
        var words = new List<string>();
        foreach (TextSplit split in parts.Splits)
            words.Add(parts.Text.Chars[split.Start..split.End].ToString());
        return words;
    }

    internal abstract void Apply(SplitText text);

    /// <summary>Writes the component as <c>tokenizer.json</c> holds it.</summary>
    internal abstract void Write(Utf8JsonWriter json);
}

internal sealed class PreTokenizerSequence(PreTokenizer[] items) : PreTokenizer
{
    internal PreTokenizer[] Items => items;

    internal override void Apply(SplitText text)
    {
        foreach (PreTokenizer item in items)
            item.Apply(text);
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (PreTokenizer item in items)
            item.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>A pre-tokenizer that only cuts: it neither changes text nor needs to know where a part stands.</summary>
internal abstract class CuttingPreTokenizer : PreTokenizer
{
    internal sealed override void Apply(SplitText text)
    {
        foreach (TextSplit split in text.Splits)
        {
            if (split.TokenId != TextSplit.NoToken)
                text.Add(split);
            else
                Cut(text, split.Start, split.End);
        }

        text.Commit();
    }

    /// <summary>Adds the parts of the text between two places.</summary>
    protected abstract void Cut(SplitText text, int start, int end);
}

internal sealed class BertPreTokenizer : CuttingPreTokenizer
{
    private const uint Separators = CodePoints.Space | CodePoints.Punctuation;

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "BertPreTokenizer");

    protected override void Cut(SplitText text, int start, int end)
    {
        ReadOnlySpan<char> chars = text.Text.Chars[..end];
        int word = start;
        for (int i = start; i < chars.Length;)
        {
            char c = chars[i];
            uint bits = CodePoints.BitsOf(c);
            int length = 1;
            if (c >= 128 ? (bits & Separators) == 0 && bits != 0 : char.IsAsciiLetterOrDigit(c))
            {
                i++;
                continue;
            }

            int point = bits == 0 ? CodePoints.At(chars, i, out length) : c;
            if (CodePoints.IsWhiteSpace(point))
            {
                text.Add(word, i);
                word = i + length;
            }
            else if (CodePoints.IsPunctuation(point))
            {
                text.Add(word, i);
                text.Add(i, i + length);
                word = i + length;
            }

            i += length;
        }

        text.Add(word, end);
    }
}

/// <summary>Runs of word characters and runs of signs.</summary>
internal sealed class WhitespacePreTokenizer : CuttingPreTokenizer
{
    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "Whitespace");

    protected override void Cut(SplitText text, int start, int end)
    {
        ReadOnlySpan<char> chars = text.Text.Chars[..end];
        int run = start, kind = 0;
        for (int i = start; i < chars.Length;)
        {
            int point = CodePoints.At(chars, i, out int length);
            int next = CodePoints.IsWord(point) ? 1 : CodePoints.IsWhiteSpace(point) ? 0 : 2;
            if (next != kind)
            {
                if (kind != 0)
                    text.Add(run, i);
                (run, kind) = (i, next);
            }

            i += length;
        }

        if (kind != 0)
            text.Add(run, end);
    }
}

/// <summary>Cuts at each code point with a property.</summary>
internal sealed class CharacterSplit(string type, Func<int, bool> isDelimiter, SplitBehavior behavior, char? delimiter = null) : CuttingPreTokenizer
{
    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        if (type == "Punctuation")
            json.WriteString("behavior", behavior.ToString());
        if (delimiter is { } c)
            json.WriteString("delimiter", [c]);
        json.WriteEndObject();
    }

    protected override void Cut(SplitText text, int start, int end) => Cut(text, start, end, isDelimiter, behavior);

    internal static void Cut(SplitText text, int start, int end, Func<int, bool> isDelimiter, SplitBehavior behavior)
    {
        ReadOnlySpan<char> chars = text.Text.Chars[..end];
        var pieces = new SplitPieces(text, behavior);
        int from = start;
        for (int i = start; i < chars.Length;)
        {
            if (isDelimiter(CodePoints.At(chars, i, out int length)))
            {
                pieces.Add(from, i, isMatch: false);
                pieces.Add(i, i + length, isMatch: true);
                from = i + length;
            }

            i += length;
        }

        pieces.Add(from, end, isMatch: false);
        pieces.End();
    }
}

internal sealed class DigitsPreTokenizer(bool individualDigits) : CuttingPreTokenizer
{
    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Digits");
        json.WriteBoolean("individual_digits", individualDigits);
        json.WriteEndObject();
    }

    protected override void Cut(SplitText text, int start, int end) => CharacterSplit.Cut(
        text, start, end, static point => (CodePoints.BitsOf(point) & CodePoints.Number) != 0, individualDigits ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
}

/// <summary>Cuts where the script changes; signs that belong to no script go with what stands before them.</summary>
internal sealed class UnicodeScriptsPreTokenizer : CuttingPreTokenizer
{
    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "UnicodeScripts");

    protected override void Cut(SplitText text, int start, int end)
    {
        // A space and what has no script belong to every script, kana count as Han; before the first letter no cut is made.
        ReadOnlySpan<char> chars = text.Text.Chars[..end];
        string? last = null;
        int from = start;
        bool isFirst = true;
        for (int i = start; i < chars.Length;)
        {
            int point = CodePoints.At(chars, i, out int length);
            string name = UnicodeData.ScriptOf(point);
            if (point != ' ' && name != "Unknown")
            {
                string script = point == 0x30FC || name is "Hiragana" or "Katakana" ? "Han" : name;
                if (script != last)
                {
                    // What stands before the first letter is dropped, as the definition has it.
                    if (!isFirst)
                        text.Add(from, i);
                    from = i;
                    isFirst = false;
                }

                last = script;
            }

            i += length;
        }

        if (!isFirst)
            text.Add(from, end);
    }
}

/// <summary>Parts of equal length in code points.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : CuttingPreTokenizer
{
    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "FixedLength");
        json.WriteNumber("length", length);
        json.WriteEndObject();
    }

    protected override void Cut(SplitText text, int start, int end)
    {
        ReadOnlySpan<char> chars = text.Text.Chars[..end];
        int from = start, count = 0;
        for (int i = start; i < chars.Length;)
        {
            CodePoints.At(chars, i, out int units);
            i += units;
            if (++count == length)
            {
                text.Add(from, i);
                (from, count) = (i, 0);
            }
        }

        text.Add(from, end);
    }
}
