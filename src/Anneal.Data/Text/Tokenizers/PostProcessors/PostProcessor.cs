using System.Text.Json;

namespace Anneal.Data;

/// <summary>Puts tokens around those of a text or of a pair: the last step of encoding.</summary>
internal abstract class PostProcessor
{
    /// <summary>How many tokens it adds.</summary>
    internal abstract int AddedCount(bool isPair);

    /// <summary>Changes the pieces of a text or of a pair.</summary>
    internal abstract void Process(List<TokenPiece> pieces, bool addSpecialTokens, Tokenizer tokenizer);

    internal abstract void Write(Utf8JsonWriter json);
}

internal sealed class PostProcessorSequence(PostProcessor[] processors) : PostProcessor
{
    internal override int AddedCount(bool isPair) => processors.Sum(p => p.AddedCount(isPair));

    internal override void Process(List<TokenPiece> pieces, bool addSpecialTokens, Tokenizer tokenizer)
    {
        foreach (PostProcessor processor in processors)
            processor.Process(pieces, addSpecialTokens, tokenizer);
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("processors");
        foreach (PostProcessor processor in processors)
            processor.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>Takes the spaces that byte-level tokens begin with out of their offsets.</summary>
internal sealed class ByteLevelPostProcessor(bool addPrefixSpace, bool trimOffsets, bool useRegex) : PostProcessor
{
    internal override int AddedCount(bool isPair) => 0;

    internal override void Process(List<TokenPiece> pieces, bool addSpecialTokens, Tokenizer tokenizer)
    {
        if (trimOffsets)
            Trim(pieces, addPrefixSpace, tokenizer);
    }

    internal override void Write(Utf8JsonWriter json) => ByteLevelPreTokenizer.Write(json, addPrefixSpace, trimOffsets, useRegex);

    internal static void Trim(List<TokenPiece> pieces, bool addPrefixSpace, Tokenizer tokenizer)
    {
        foreach (TokenPiece piece in pieces)
        {
            Dictionary<int, string>? surfaces = piece.Surfaces.Count == 0 ? null : piece.Surfaces.ToDictionary(s => s.Index, s => s.Text);
            for (int i = 0; i < piece.Ids.Length; i++)
            {
                string token = surfaces is not null && surfaces.TryGetValue(i, out string? surface) ? surface : tokenizer.TokenOf(piece.Ids[i]) ?? "";
                piece.Offsets[i] = Trim(token, piece.Offsets[i], i == 0, addPrefixSpace);
            }
        }
    }

    private static TextRange Trim(string token, TextRange range, bool isFirst, bool addPrefixSpace)
    {
        int leading = 0, trailing = 0;
        while (leading < token.Length && IsSpace(token[leading]))
            leading++;
        while (trailing < token.Length && IsSpace(token[^(trailing + 1)]))
            trailing++;

        // One space at the beginning is the one that was put there.
        if ((isFirst || range.Start == 0) && addPrefixSpace && leading == 1)
            leading = 0;
        int start = Math.Min(range.Start + leading, range.End);
        return new TextRange(start, trailing > 0 && range.End >= trailing ? Math.Max(range.End - trailing, start) : range.End);
    }

    private static bool IsSpace(char c) => c == ByteAlphabet.CharOf((byte)' ') || CodePoints.IsWhiteSpace(c);
}

/// <summary>The special tokens of BERT: one before the first text and one behind each.</summary>
internal sealed class BertPostProcessor((string Token, int Id) separator, (string Token, int Id) classification) : PostProcessor
{
    internal override int AddedCount(bool isPair) => isPair ? 3 : 2;

    internal override void Process(List<TokenPiece> pieces, bool addSpecialTokens, Tokenizer tokenizer)
    {
        if (!addSpecialTokens)
            return;
        var result = new List<TokenPiece>();
        for (int i = 0; i < pieces.Count; i++)
        {
            int type = i == 0 ? 0 : 1;
            if (i == 0)
                result.Add(TokenPiece.Added([classification.Id], [classification.Token], 0));
            result.Add(pieces[i] with { TypeId = type });
            result.Add(TokenPiece.Added([separator.Id], [separator.Token], type));
        }

        pieces.Clear();
        pieces.AddRange(result);
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "BertProcessing");
        Write(json, "sep", separator);
        Write(json, "cls", classification);
        json.WriteEndObject();
    }

    internal static void Write(Utf8JsonWriter json, string name, (string Token, int Id) token)
    {
        json.WriteStartArray(name);
        json.WriteStringValue(token.Token);
        json.WriteNumberValue(token.Id);
        json.WriteEndArray();
    }
}

/// <summary>The special tokens of RoBERTa, all of one type, with two between the texts of a pair.</summary>
internal sealed class RobertaPostProcessor((string Token, int Id) separator, (string Token, int Id) classification, bool trimOffsets, bool addPrefixSpace) : PostProcessor
{
    internal override int AddedCount(bool isPair) => isPair ? 4 : 2;

    internal override void Process(List<TokenPiece> pieces, bool addSpecialTokens, Tokenizer tokenizer)
    {
        if (trimOffsets)
            ByteLevelPostProcessor.Trim(pieces, addPrefixSpace, tokenizer);
        var result = new List<TokenPiece>();
        for (int i = 0; i < pieces.Count; i++)
        {
            (string token, int id) = i == 0 ? classification : separator;
            if (addSpecialTokens)
                result.Add(TokenPiece.Added([id], [token], 0));
            result.Add(pieces[i] with { TypeId = 0 });
            if (addSpecialTokens)
                result.Add(TokenPiece.Added([separator.Id], [separator.Token], 0));
        }

        pieces.Clear();
        pieces.AddRange(result);
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "RobertaProcessing");
        BertPostProcessor.Write(json, "sep", separator);
        BertPostProcessor.Write(json, "cls", classification);
        json.WriteBoolean("trim_offsets", trimOffsets);
        json.WriteBoolean("add_prefix_space", addPrefixSpace);
        json.WriteEndObject();
    }
}
