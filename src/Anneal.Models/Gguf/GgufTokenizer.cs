using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Anneal.Data;

namespace Anneal.Models;

/// <summary>
/// The tokenizer of a GGUF file, from its lists of tokens, types, merges and scores. They are brought into the form of the file that they were once made from,
/// <c>tokenizer.json</c> or a SentencePiece model, and read like it, with all of its checks.
/// </summary>
internal static class GgufTokenizer
{
    internal const string Prefix = "tokenizer.ggml.", WholeJson = "tokenizer.huggingface.json";

    /// <summary>What llama.cpp calls a way to cut texts, and its expression; the first name of an expression is the one that is written.</summary>
    internal static IReadOnlyList<(string Name, string Pattern)> Patterns { get; } =
    [
        ("gpt-2", TiktokenPatterns.R50k), ("llama-bpe", TiktokenPatterns.Llama3), ("llama3", TiktokenPatterns.Llama3), ("llama-v3", TiktokenPatterns.Llama3),
        ("qwen2", TiktokenPatterns.Qwen2), ("deepseek-r1-qwen", TiktokenPatterns.Qwen2), ("glm4", TiktokenPatterns.Llama3), ("chatglm-bpe", TiktokenPatterns.Llama3),
    ];

    internal static Tokenizer Read(GgufFile file, string? pattern)
    {
        if (file.Metadata.TryGetValue(WholeJson, out GgufValue? json))
            return Tokenizer.Read(Encoding.UTF8.GetBytes(json.Text ?? throw Fail(file, WholeJson, "a text")), $"{file.Path}: {WholeJson}");
        string? kind = Optional(file, "model")?.Text;
        return kind switch
        {
            "gpt2" => ReadBytePairs(file, pattern),
            "llama" => ReadSentencePiece(file),
            _ => throw Fail(file, Prefix + "model", $"'gpt2' or 'llama', which alone are supported, or the key {WholeJson}"),
        };
    }

    /// <summary>Writes a tokenizer: whole, and as the lists of its kind.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="vocabulary">The number of tokens of the model; ids that are no tokens get a name that stands for nothing.</param>
    /// <param name="hasJson">Whether it is written whole where it can be.</param>
    /// <param name="metadata">Receives the values.</param>
    /// <param name="ends">The tokens that end the model's texts.</param>
    /// <returns>The token that stands behind every text; null where there is none.</returns>
    /// <exception cref="OptionException">There is no way to write the tokenizer.</exception>
    internal static int? Write(Tokenizer tokenizer, int vocabulary, bool hasJson, GgufMetadataWriter metadata, IReadOnlyList<int> ends)
    {
        TokenizerParts parts = tokenizer.Parts;
        if (hasJson && parts.WhyNotJson is null)
            metadata.AddWhole(WholeJson, GgufValue.Of(Encoding.UTF8.GetString(tokenizer.ToJson())));
        GgufTokens? tokens = GgufTokens.Of(tokenizer, vocabulary);
        if (tokens is null)
        {
            return hasJson && parts.WhyNotJson is null ? null : throw new OptionException(
                $"The tokenizer has a kind that GGUF files do not list{(parts.WhyNotJson is { } why ? ", and " + why : "")}. Hint: keep its file beside the model's.");
        }

        tokens.Write(metadata);
        int[] whole = [.. tokenizer.Encode("a").Ids], bare = [.. tokenizer.Encode("a", new EncodeOptions { AddSpecialTokens = false }).Ids];
        int before = Math.Max(0, whole.AsSpan().IndexOf(bare)), behind = whole.Length - before - bare.Length;
        if (before == 1)
            metadata.AddWhole(Prefix + "bos_token_id", GgufValue.Of(whole[0]));
        int? last = behind == 1 ? whole[^1] : null;
        metadata.AddWhole(Prefix + "add_bos_token", GgufValue.Of(before == 1));
        metadata.AddWhole(Prefix + "add_eos_token", GgufValue.Of(last is { } end && (ends.Count == 0 || ends[0] == end)));
        return last;
    }

    private static Tokenizer ReadBytePairs(GgufFile file, string? pattern)
    {
        string[] tokens = Texts(file, "tokens"), merges = Texts(file, "merges");
        long[] types = Types(file, tokens.Length);
        string? pre = Optional(file, "pre")?.Text;
        pattern ??= Patterns.FirstOrDefault(p => p.Name == pre).Pattern ?? throw Fail(
            file, Prefix + "pre", $"one of {string.Join(", ", Patterns.Select(p => p.Name))}, which alone are known. Hint: give {nameof(Gguf.LoadTokenizer)} the expression that cuts texts into words");
        var vocabulary = new JsonObject();
        var added = new JsonArray();
        for (int id = 0; id < tokens.Length; id++)
        {
            if (types[id] == (long)PieceKind.Unused)
                continue;
            if (types[id] is (long)PieceKind.Control or (long)PieceKind.UserDefined)
                added.Add((JsonNode)Added(id, tokens[id], types[id] == (long)PieceKind.Control));
            if (!vocabulary.TryAdd(tokens[id], id))
                throw new ModelFileException(file.Path, Prefix + "tokens", "each token once", ModelFileException.Quote(tokens[id]) + " again");
        }

        // Llama 3 is the one kind whose texts begin with a token where nothing is said.
        bool isGpt2 = pattern == TiktokenPatterns.R50k, isLlama3 = pre is "llama-bpe" or "llama3" or "llama-v3";
        bool startsTexts = Optional(file, "add_bos_token")?.Truth ?? isLlama3 && Optional(file, "bos_token_id") is not null;
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = added,
            ["normalizer"] = pre == "qwen2" ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = isGpt2 ? ByteLevel(useRegex: true) : new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false }, ByteLevel(useRegex: false)),
            },
            ["post_processor"] = Template(file, tokens, startsTexts, Optional(file, "add_eos_token")?.Truth ?? false),
            ["decoder"] = ByteLevel(useRegex: true),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["ignore_merges"] = pattern == TiktokenPatterns.Llama3,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)m)]),
            },
        };
        return Tokenizer.Read(Encoding.UTF8.GetBytes(PretrainedConfig.Text(json)), $"{file.Path}: {Prefix}tokens");
    }

    private static Tokenizer ReadSentencePiece(GgufFile file)
    {
        string[] tokens = Texts(file, "tokens");
        long[] types = Types(file, tokens.Length);
        IReadOnlyList<double> scores = Optional(file, "scores")?.Numbers ?? throw Fail(file, Prefix + "scores", "a number for each token");
        if (scores.Count != tokens.Length)
            throw Fail(file, Prefix + "scores", string.Create(CultureInfo.InvariantCulture, $"a number for each of {tokens.Length} tokens"));
        if (Optional(file, "token_type") is null)
            types[Id(file, "unknown", tokens.Length) ?? 0] = (long)PieceKind.Unknown;
        var model = new SentencePieceWriter
        {
            BeginningPiece = tokens[Id(file, "bos", tokens.Length) ?? Math.Min(1, tokens.Length - 1)],
            EndPiece = tokens[Id(file, "eos", tokens.Length) ?? Math.Min(2, tokens.Length - 1)],
            ByteFallback = types.Contains((long)PieceKind.Byte),
            AddsDummyPrefix = Optional(file, "add_space_prefix")?.Truth ?? true,
            RemovesExtraWhiteSpace = Optional(file, "remove_extra_whitespaces")?.Truth ?? false,
            CharsMap = Optional(file, "precompiled_charsmap")?.Wholes?.Select(b => unchecked((byte)b)).ToArray(),
        };

        // What stands for nothing is no text either way; SentencePiece has no unused pieces where pairs are merged.
        for (int id = 0; id < tokens.Length; id++)
            model.Add(tokens[id], (float)scores[id], types[id] == (long)PieceKind.Unused ? PieceKind.Control : (PieceKind)types[id]);
        var options = new TokenizerLoadOptions
        {
            AddBeginningOfSequence = Optional(file, "add_bos_token")?.Truth ?? true,
            AddEndOfSequence = Optional(file, "add_eos_token")?.Truth ?? false,
        };
        Tokenizer tokenizer = Tokenizer.Read(model.ToBytes(), $"{file.Path}: {Prefix}tokens", options);
        return tokenizer.WithAddedTokens([.. Enumerable.Range(0, tokens.Length).Where(id => types[id] == (long)PieceKind.Control).Select(id => (AddedToken.Special(tokens[id]), id))]);
    }

    private static JsonObject Added(int id, string content, bool isSpecial) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = isSpecial,
    };

    private static JsonObject ByteLevel(bool useRegex) => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = useRegex };

    /// <summary>What puts tokens around a text; null where nothing does.</summary>
    private static JsonObject? Template(GgufFile file, string[] tokens, bool begins, bool ends)
    {
        var special = new JsonObject();
        JsonNode[] Around(string sequence, int type) =>
            [.. begins ? Token("bos", type) : [], new JsonObject { ["Sequence"] = new JsonObject { ["id"] = sequence, ["type_id"] = type } }, .. ends ? Token("eos", type) : []];

        JsonNode[] Token(string name, int type)
        {
            if (Id(file, name, tokens.Length) is not { } id)
                throw Fail(file, $"{Prefix}{name}_token_id", "the token that stands around texts");
            special[tokens[id]] = new JsonObject { ["id"] = tokens[id], ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(tokens[id]) };
            return [new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = tokens[id], ["type_id"] = type } }];
        }

        return !begins && !ends ? null : new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Around("A", 0)),
            ["pair"] = new JsonArray([.. Around("A", 0), .. Around("B", 1)]),
            ["special_tokens"] = special,
        };
    }

    private static GgufValue? Optional(GgufFile file, string name) => file.Metadata.TryGetValue(Prefix + name, out GgufValue? value) ? value : null;

    private static string[] Texts(GgufFile file, string name) => Optional(file, name)?.Texts is { Count: > 0 } texts
        ? [.. texts]
        : throw Fail(file, Prefix + name, "a list of texts");

    /// <summary>The kinds of the tokens; all normal where the file has none.</summary>
    private static long[] Types(GgufFile file, int count)
    {
        if (Optional(file, "token_type") is null)
            return [.. Enumerable.Repeat((long)PieceKind.Normal, count)];
        IReadOnlyList<long>? types = Optional(file, "token_type")!.Wholes;
        return types?.Count == count && types.All(t => t is >= (long)PieceKind.Normal and <= (long)PieceKind.Byte)
            ? [.. types]
            : throw Fail(file, Prefix + "token_type", string.Create(CultureInfo.InvariantCulture, $"a kind from 1 to 6 for each of {count} tokens"));
    }

    /// <summary>The id of a token with a task.</summary>
    private static int? Id(GgufFile file, string name, int count)
    {
        if (Optional(file, name + "_token_id") is not { } value)
            return null;
        return value.Whole is { } id and >= 0 && id < count ? (int)id : throw Fail(file, $"{Prefix}{name}_token_id", string.Create(CultureInfo.InvariantCulture, $"a token below {count}"));
    }

    private static ModelFileException Fail(GgufFile file, string key, string expected) =>
        new(file.Path, key, expected, file.Metadata.TryGetValue(key, out GgufValue? value) ? value.ToString() : "nothing");
}
