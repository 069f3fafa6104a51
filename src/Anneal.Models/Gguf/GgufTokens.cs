using System.Globalization;
using System.Text.Json.Nodes;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>The lists in which a GGUF file tells of a tokenizer.</summary>
internal sealed class GgufTokens
{
    private readonly string[] _tokens;
    private readonly long[] _types;
    private readonly List<(string Key, GgufValue Value)> _more = [];

    private GgufTokens(string kind, Tokenizer tokenizer, int vocabulary)
    {
        _more.Add(("model", GgufValue.Of(kind)));
        _types = [.. Enumerable.Repeat((long)PieceKind.Normal, vocabulary)];
        _tokens = new string[vocabulary];
        for (int id = 0; id < vocabulary; id++)
        {
            if (tokenizer.TokenOf(id) is { } token)
                _tokens[id] = token;
            else
                (_tokens[id], _types[id]) = (string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]"), (long)PieceKind.Unused);
        }

        foreach ((AddedToken token, int id) in tokenizer.AddedTokens)
            _types[id] = (long)(token.IsSpecial ? PieceKind.Control : PieceKind.UserDefined);
    }

    /// <summary>The lists of a tokenizer; null where there are none for its kind.</summary>
    internal static GgufTokens? Of(Tokenizer tokenizer, int vocabulary) => tokenizer.Parts switch
    {
        { SentencePiece: { IsBpe: true } file } => OfSentencePiece(tokenizer, file, vocabulary),
        { Model: BpeModel { Settings: { ByteFallback: true, ContinuingSubwordPrefix: null, EndOfWordSuffix: null } } model } => OfFallback(tokenizer, model, vocabulary),
        { Model: BpeModel { ByteIds: not null, Merges.Count: > 0 } model, WhyNotJson: null } => OfBytes(tokenizer, model, vocabulary),
        _ => null,
    };

    internal void Write(GgufMetadataWriter metadata)
    {
        foreach ((string key, GgufValue value) in _more)
            metadata.AddWhole(GgufTokenizer.Prefix + key, value);
        metadata.AddWhole(GgufTokenizer.Prefix + "tokens", GgufValue.Of(_tokens));
        metadata.AddWhole(GgufTokenizer.Prefix + "token_type", GgufValue.OfArray(GgufValueKind.Int32, _types));
    }

    /// <summary>Byte-pair encoding of bytes, as in GPT-2.</summary>
    private static GgufTokens OfBytes(Tokenizer tokenizer, BpeModel model, int vocabulary)
    {
        var lists = new GgufTokens("gpt2", tokenizer, vocabulary);
        string? pattern = PatternOf(tokenizer);
        if (GgufTokenizer.Patterns.FirstOrDefault(p => p.Pattern == pattern).Name is { } name)
            lists._more.Add(("pre", GgufValue.Of(name)));
        lists._more.Add(("merges", GgufValue.Of(model.Merges.Select(m => tokenizer.TokenOf(m.Left) + " " + tokenizer.TokenOf(m.Right)))));
        return lists;
    }

    /// <summary>Byte-pair encoding of characters that falls back to bytes, as Llama 2 has it in <c>tokenizer.json</c>: the rank of a token's merge is its score.</summary>
    private static GgufTokens OfFallback(Tokenizer tokenizer, BpeModel model, int vocabulary)
    {
        var lists = new GgufTokens("llama", tokenizer, vocabulary);
        var scores = new double[vocabulary];
        Array.Fill(scores, -1e9);
        for (int rank = model.Merges.Count - 1; rank >= 0; rank--)
        {
            (int left, int right) = model.Merges[rank];
            if (tokenizer.IdOf(tokenizer.TokenOf(left) + tokenizer.TokenOf(right)) is { } id)
                scores[id] = -rank;
        }

        foreach (int id in model.FallbackIds.Where(id => id >= 0))
            lists._types[id] = (long)PieceKind.Byte;
        if (model.UnknownId >= 0)
            lists._types[model.UnknownId] = (long)PieceKind.Unknown;
        lists.AddScores(scores, tokenizer.Encode("a", new EncodeOptions { AddSpecialTokens = false }).Tokens[0].StartsWith('\u2581'), removesSpace: false);
        return lists;
    }

    /// <summary>A SentencePiece model whose pieces are merged by their scores.</summary>
    private static GgufTokens OfSentencePiece(Tokenizer tokenizer, SentencePieceFile file, int vocabulary)
    {
        var lists = new GgufTokens("llama", tokenizer, vocabulary);
        var scores = new double[vocabulary];
        for (int id = 0; id < file.Pieces.Count; id++)
            (scores[id], lists._types[id]) = (file.Pieces[id].Score, (long)file.Pieces[id].Kind);
        lists.AddScores(scores, file.AddsDummyPrefix, file.RemovesExtraWhiteSpace);
        if (file.CharsMapBytes is { Length: > 0 } map)
            lists._more.Add(("precompiled_charsmap", GgufValue.OfArray(GgufValueKind.UInt8, Array.ConvertAll(map, b => (long)b))));
        return lists;
    }

    private void AddScores(double[] scores, bool addsSpace, bool removesSpace)
    {
        _more.Add(("scores", GgufValue.OfArray(GgufValueKind.Float32, scores)));
        _more.Add(("add_space_prefix", GgufValue.Of(addsSpace)));
        _more.Add(("remove_extra_whitespaces", GgufValue.Of(removesSpace)));
    }

    /// <summary>The expression whose matches are the words; null where the tokenizer cuts otherwise.</summary>
    private static string? PatternOf(Tokenizer tokenizer)
    {
        JsonObject json = JsonNode.Parse(tokenizer.ToJson())!.AsObject();
        if (json["pre_tokenizer"] is not JsonObject cutting)
            return null;
        if (IsByteLevel(cutting, usesRegex: true))
            return TiktokenPatterns.R50k;
        return cutting["pretokenizers"] is JsonArray { Count: 2 } parts && IsByteLevel(parts[1], usesRegex: false)
            && parts[0] is JsonObject split && (string?)split["type"] == "Split" && (string?)split["behavior"] is "Isolated" && (bool?)split["invert"] == false
            ? (string?)split["pattern"]?["Regex"]
            : null;
    }

    private static bool IsByteLevel(JsonNode? part, bool usesRegex) =>
        (string?)part?["type"] == "ByteLevel" && ((bool?)part["use_regex"] ?? true) == usesRegex && (bool?)part["add_prefix_space"] == false;
}
