using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Anneal.Data;

/// <summary>Turns tokens back into text, in steps: each makes other strings of those that it gets, and in the end they are joined.</summary>
internal abstract class TokenDecoder
{
    internal abstract List<string> Decode(List<string> tokens);

    internal abstract void Write(Utf8JsonWriter json);

    /// <summary>Bytes as text; what is no UTF-8 becomes U+FFFD.</summary>
    internal static string Lossy(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}

internal sealed class DecoderSequence(TokenDecoder[] decoders) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens)
    {
        foreach (TokenDecoder decoder in decoders)
            tokens = decoder.Decode(tokens);
        return tokens;
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("decoders");
        foreach (TokenDecoder decoder in decoders)
            decoder.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

internal sealed class ByteLevelDecoder(bool addPrefixSpace, bool trimOffsets, bool useRegex) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            // A token with other characters, such as an added one, is its own text.
            if (token.All(c => ByteAlphabet.ByteOf(c) >= 0))
                bytes.AddRange(token.Select(c => (byte)ByteAlphabet.ByteOf(c)));
            else
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }

        return [Lossy(CollectionsMarshal.AsSpan(bytes))];
    }

    internal override void Write(Utf8JsonWriter json) => ByteLevelPreTokenizer.Write(json, addPrefixSpace, trimOffsets, useRegex);
}

internal sealed class WordPieceDecoder(string prefix, bool cleanup) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        foreach (string token in tokens)
        {
            string text = result.Count == 0 ? token : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            result.Add(cleanup ? CleanUp(text) : text);
        }

        return result;
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "WordPiece");
        json.WriteString("prefix", prefix);
        json.WriteBoolean("cleanup", cleanup);
        json.WriteEndObject();
    }

    /// <summary>Takes the spaces before English punctuation and contractions away.</summary>
    internal static string CleanUp(string text) => text
        .Replace(" .", ".", StringComparison.Ordinal).Replace(" ?", "?", StringComparison.Ordinal).Replace(" !", "!", StringComparison.Ordinal)
        .Replace(" ,", ",", StringComparison.Ordinal).Replace(" ' ", "'", StringComparison.Ordinal).Replace(" n't", "n't", StringComparison.Ordinal)
        .Replace(" 'm", "'m", StringComparison.Ordinal).Replace(" do not", " don't", StringComparison.Ordinal).Replace(" 's", "'s", StringComparison.Ordinal)
        .Replace(" 've", "'ve", StringComparison.Ordinal).Replace(" 're", "'re", StringComparison.Ordinal);
}

internal sealed class MetaspaceDecoder(char replacement, PrependScheme prependScheme, bool split) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        foreach (string token in tokens)
        {
            bool isDropped = result.Count == 0 && prependScheme != PrependScheme.Never;
            result.Add(isDropped ? token.Replace(replacement.ToString(), "", StringComparison.Ordinal) : token.Replace(replacement, ' '));
        }

        return result;
    }

    internal override void Write(Utf8JsonWriter json) => MetaspacePreTokenizer.Write(json, replacement, prependScheme, split);
}

internal sealed class BpeDecoder(string suffix) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens) =>
        [.. tokens.Select((token, i) => suffix.Length == 0 ? token : token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "BPEDecoder");
        json.WriteString("suffix", suffix);
        json.WriteEndObject();
    }
}

/// <summary>Runs of byte tokens become the text that they spell, or U+FFFD for each where they spell none.</summary>
internal sealed class ByteFallbackDecoder : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            if (TryByte(token, out byte value))
            {
                bytes.Add(value);
                continue;
            }

            Flush(bytes, result);
            result.Add(token);
        }

        Flush(bytes, result);
        return result;
    }

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "ByteFallback");

    private static bool TryByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static void Flush(List<byte> bytes, List<string> result)
    {
        ReadOnlySpan<byte> run = CollectionsMarshal.AsSpan(bytes);
        if (Utf8.IsValid(run))
        {
            if (run.Length > 0)
                result.Add(Encoding.UTF8.GetString(run));
        }
        else
        {
            for (int i = 0; i < run.Length; i++)
                result.Add("\uFFFD");
        }

        bytes.Clear();
    }
}

internal sealed class FuseDecoder : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens) => [string.Concat(tokens)];

    internal override void Write(Utf8JsonWriter json) => ComponentJson.WriteType(json, "Fuse");
}

internal sealed class StripDecoder(string content, int start, int stop) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens) => [.. tokens.Select(Strip)];

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Strip");
        json.WriteString("content", content);
        json.WriteNumber("start", start);
        json.WriteNumber("stop", stop);
        json.WriteEndObject();
    }

    private string Strip(string token)
    {
        ReadOnlySpan<char> left = token;
        for (int i = 0; i < start && left.StartsWith(content); i++)
            left = left[content.Length..];
        for (int i = 0; i < stop && left.EndsWith(content); i++)
            left = left[..^content.Length];
        return left.Length == token.Length ? token : left.ToString();
    }
}

internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens)
    {
        var matches = new List<TextSplit>();
        return [.. tokens.Select(token => Replace(token, matches))];
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Replace");
        pattern.Write(json);
        json.WriteString("content", content);
        json.WriteEndObject();
    }

    private string Replace(string token, List<TextSplit> matches)
    {
        matches.Clear();
        pattern.Find(token, matches);
        if (matches.Count == 0)
            return token;
        var text = new StringBuilder();
        int position = 0;
        foreach (TextSplit match in matches)
        {
            text.Append(token, position, match.Start - position).Append(content);
            position = match.End;
        }

        return text.Append(token, position, token.Length - position).ToString();
    }
}

/// <summary>The collapsing of Connectionist Temporal Classification: repeated tokens are one, and the padding token is none.</summary>
internal sealed class CtcDecoder(string padToken, string wordDelimiterToken, bool cleanup) : TokenDecoder
{
    internal override List<string> Decode(List<string> tokens)
    {
        var result = new List<string>(tokens.Count);
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && tokens[i] == tokens[i - 1])
                continue;
            string text = Remove(tokens[i], padToken, "");
            if (cleanup)
                text = Remove(WordPieceDecoder.CleanUp(text), wordDelimiterToken, " ");
            if (text.Length > 0)
                result.Add(text);
        }

        return result;
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "CTC");
        json.WriteString("pad_token", padToken);
        json.WriteString("word_delimiter_token", wordDelimiterToken);
        json.WriteBoolean("cleanup", cleanup);
        json.WriteEndObject();
    }

    private static string Remove(string text, string part, string replacement) => part.Length == 0 ? text : text.Replace(part, replacement, StringComparison.Ordinal);
}
