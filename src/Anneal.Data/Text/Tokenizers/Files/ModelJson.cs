using System.Text.Json;
using Anneal.Saving;

namespace Anneal.Data;

/// <summary>Reads the models of <c>tokenizer.json</c>.</summary>
internal static class ModelJson
{
    private const int LargestId = int.MaxValue - 1;

    internal static TokenModel Read(JsonPart part)
    {
        var component = new JsonComponent(part);

        // Files of early versions do not say which model they hold.
        string type = component.Has("type") ? component.Type : component.Has("merges") ? "BPE" : component.Has("continuing_subword_prefix") ? "WordPiece" : "";
        return type switch
        {
            "BPE" => ReadBpe(component),
            "WordPiece" => ReadWordPiece(component),
            "Unigram" => ReadUnigram(component),
            "WordLevel" => ReadWordLevel(component),
            _ => throw component.UnknownType("model", "BPE", "WordPiece", "Unigram", "WordLevel"),
        };
    }

    private static Vocabulary ReadVocabulary(JsonPart part)
    {
        part.Require(JsonTokenType.StartObject, "an object of tokens and ids");
        var ids = new Dictionary<string, int>();
        var taken = new HashSet<int>();
        const string What = "a token and its id";
        StrictJson reader = part.Read();
        reader.StartObject(What);
        while (reader.NextName(What) is { } token)
        {
            if (ids.ContainsKey(token))
                throw reader.Fail("each token once", ModelFileException.Quote(token) + " twice");
            long id = reader.Natural(What);
            if (id > LargestId)
                throw reader.Fail($"an id up to {LargestId}", $"{id}");
            if (!taken.Add((int)id))
                throw reader.Fail("each id once", $"{id} twice");
            ids.Add(token, (int)id);
        }

        return new Vocabulary(ids);
    }

    private static TokenModel ReadBpe(JsonComponent component)
    {
        if (component.Optional("dropout") is { } dropout && dropout.Number() != 0)
            throw dropout.Fail("no dropout: encoding is never random here; remove it to use the tokenizer", "some");
        Vocabulary vocabulary = ReadVocabulary(component.Required("vocab"));
        string? Text(string name) => component.Optional(name)?.Text();
        var settings = new BpeSettings
        {
            UnknownToken = Text("unk_token"),
            ContinuingSubwordPrefix = Text("continuing_subword_prefix") is { Length: > 0 } prefix ? prefix : null,
            EndOfWordSuffix = Text("end_of_word_suffix") is { Length: > 0 } suffix ? suffix : null,
            FuseUnknown = component.Boolean("fuse_unk", false),
            ByteFallback = component.Boolean("byte_fallback", false),
            IgnoreMerges = component.Boolean("ignore_merges", false),
        };
        if (settings.UnknownToken is { } unknown && !vocabulary.TryGetId(unknown, out _))
            throw component.Required("unk_token").Fail("a token of the vocabulary", ModelFileException.Quote(unknown));
        List<(int Left, int Right)> merges = ReadMerges(component.Required("merges"), vocabulary, settings, out List<int> merged);
        var pairs = new PairTable(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
            pairs.Set(merges[rank].Left, merges[rank].Right, rank, merged[rank]);
        return new BpeModel(vocabulary, [.. merges], pairs, settings);
    }

    private static List<(int Left, int Right)> ReadMerges(JsonPart part, Vocabulary vocabulary, BpeSettings settings, out List<int> merged)
    {
        part.Require(JsonTokenType.StartArray, "an array of merges");
        const string What = "a merge: two tokens";
        var merges = new List<(int, int)>();
        merged = [];
        StrictJson reader = part.Read();
        reader.StartArray(What);
        for (JsonTokenType kind = reader.NextElement(What); kind != JsonTokenType.EndArray; kind = reader.NextElement(What))
        {
            string left, right;
            if (kind == JsonTokenType.StartArray)
            {
                left = reader.String(What);
                right = reader.String(What);
                if (reader.NextElement(What) != JsonTokenType.EndArray)
                    throw reader.Fail(What, "more");
            }
            else
            {
                string line = reader.CurrentString(What);
                if (line.StartsWith("#version", StringComparison.Ordinal))
                    continue;
                int space = line.IndexOf(' ', StringComparison.Ordinal);
                if (space < 0 || line.IndexOf(' ', space + 1) >= 0)
                    throw reader.Fail("two tokens with a space between them", ModelFileException.Quote(line));
                (left, right) = (line[..space], line[(space + 1)..]);
            }

            string prefix = settings.ContinuingSubwordPrefix ?? "";
            if (prefix.Length > right.Length)
                throw reader.Fail($"a second token that begins with {ModelFileException.Quote(prefix)}", ModelFileException.Quote(right));
            string joined = left + right[prefix.Length..];
            int leftId = Id(left), rightId = Id(right);
            merged.Add(Id(joined));
            merges.Add((leftId, rightId));

            int Id(string token) => vocabulary.TryGetId(token, out int id) ? id : -1;
            if (leftId < 0 || rightId < 0 || merged[^1] < 0)
            {
                string missing = leftId < 0 ? left : rightId < 0 ? right : joined;
                throw reader.Fail("a merge of tokens of the vocabulary", ModelFileException.Quote(missing) + ", which is none");
            }
        }

        return merges;
    }

    private static WordPieceModel ReadWordPiece(JsonComponent component)
    {
        Vocabulary vocabulary = ReadVocabulary(component.Required("vocab"));
        string unknown = component.Text("unk_token", "[UNK]");
        RequireUnknown(component, vocabulary, unknown);
        return new WordPieceModel(vocabulary, unknown, component.Text("continuing_subword_prefix", "##"), component.Natural("max_input_chars_per_word", 100));
    }

    private static WordLevelModel ReadWordLevel(JsonComponent component)
    {
        Vocabulary vocabulary = ReadVocabulary(component.Required("vocab"));
        string unknown = component.Text("unk_token", "<unk>");
        RequireUnknown(component, vocabulary, unknown);
        return new WordLevelModel(vocabulary, unknown);
    }

    private static void RequireUnknown(JsonComponent component, Vocabulary vocabulary, string unknown)
    {
        if (!vocabulary.TryGetId(unknown, out _))
        {
            throw component.Has("unk_token")
                ? component.Required("unk_token").Fail("a token of the vocabulary", ModelFileException.Quote(unknown))
                : component.Required("vocab").Fail("a token for what is not known, " + ModelFileException.Quote(unknown), "none");
        }
    }

    private static UnigramModel ReadUnigram(JsonComponent component)
    {
        JsonPart part = component.Required("vocab");
        part.Require(JsonTokenType.StartArray, "an array of pieces and their scores");
        const string What = "a piece and its score";
        var ids = new Dictionary<string, int>();
        var scores = new List<double>();
        StrictJson reader = part.Read();
        reader.StartArray(What);
        for (JsonTokenType kind = reader.NextElement(What); kind != JsonTokenType.EndArray; kind = reader.NextElement(What))
        {
            if (kind != JsonTokenType.StartArray)
                throw reader.Fail(What, $"a JSON {kind}");
            string piece = reader.String(What);
            if (!ids.TryAdd(piece, scores.Count))
                throw reader.Fail("each piece once", ModelFileException.Quote(piece) + " twice");
            scores.Add(reader.Number(What));
            if (reader.NextElement(What) != JsonTokenType.EndArray)
                throw reader.Fail(What, "more");
        }

        int unknown = -1;
        if (component.Optional("unk_id") is { } unknownPart)
        {
            unknown = unknownPart.Natural();
            if (unknown >= scores.Count)
                throw unknownPart.Fail($"an id below {scores.Count}", $"{unknown}");
        }

        return new UnigramModel(new Vocabulary(ids), [.. scores], unknown, component.Boolean("byte_fallback", false));
    }
}
