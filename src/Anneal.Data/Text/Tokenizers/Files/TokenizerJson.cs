using System.Text.Json;
using Anneal.Saving;

namespace Anneal.Data;

/// <summary>Reads and writes <c>tokenizer.json</c>.</summary>
internal static class TokenizerJson
{
    private const string Version = "1.0";

    /// <summary>Reads a file.</summary>
    /// <param name="utf8">Its bytes.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ModelFileException">It is not sound, or has a component that is not supported.</exception>
    internal static TokenizerParts Read(byte[] utf8, string file)
    {
        var root = new JsonComponent(JsonPart.Parse(utf8, file));
        if (root.Optional("version") is { } version && version.Text() != Version)
            throw version.Fail($"version {Version}", ModelFileException.Quote(version.Text()));
        TokenModel model = ModelJson.Read(root.Required("model"));
        return new TokenizerParts(model)
        {
            Normalizer = root.Optional("normalizer") is { } normalizer ? NormalizerJson.Read(normalizer) : null,
            PreTokenizer = root.Optional("pre_tokenizer") is { } preTokenizer ? PreTokenizerJson.Read(preTokenizer) : null,
            PostProcessor = root.Optional("post_processor") is { } postProcessor ? PostProcessorJson.Read(postProcessor) : null,
            Decoder = root.Optional("decoder") is { } decoder ? DecoderJson.Read(decoder) : null,
            AddedTokens = root.Optional("added_tokens") is { } added ? ReadAdded(added, model.Vocabulary) : [],
            Truncation = root.Optional("truncation") is { } truncation ? ReadTruncation(new JsonComponent(truncation)) : null,
            Padding = root.Optional("padding") is { } padding ? ReadPadding(new JsonComponent(padding)) : null,
        };
    }

    /// <summary>Writes a file.</summary>
    internal static void Write(Utf8JsonWriter json, TokenizerParts parts)
    {
        json.WriteStartObject();
        json.WriteString("version", Version);
        WriteTruncation(json, parts.Truncation);
        WritePadding(json, parts.Padding);
        json.WriteStartArray("added_tokens");
        foreach ((AddedToken token, int id) in parts.AddedTokens.OrderBy(t => t.Id))
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.IsSingleWord);
            json.WriteBoolean("lstrip", token.StripsLeft);
            json.WriteBoolean("rstrip", token.StripsRight);
            json.WriteBoolean("normalized", token.IsNormalized);
            json.WriteBoolean("special", token.IsSpecial);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteComponent(json, "normalizer", parts.Normalizer is { } normalizer ? normalizer.Write : null);
        WriteComponent(json, "pre_tokenizer", parts.PreTokenizer is { } preTokenizer ? preTokenizer.Write : null);
        WriteComponent(json, "post_processor", parts.PostProcessor is { } postProcessor ? postProcessor.Write : null);
        WriteComponent(json, "decoder", parts.Decoder is { } decoder ? decoder.Write : null);
        WriteComponent(json, "model", parts.Model.Write);
        json.WriteEndObject();
    }

    private static void WriteComponent(Utf8JsonWriter json, string name, Action<Utf8JsonWriter>? write)
    {
        json.WritePropertyName(name);
        if (write is null)
            json.WriteNullValue();
        else
            write(json);
    }

    private static List<(AddedToken, int)> ReadAdded(JsonPart part, Vocabulary vocabulary)
    {
        var tokens = new List<(AddedToken, int)>();
        var contents = new HashSet<string>();
        var ids = new HashSet<int>();
        foreach (JsonPart element in part.Elements())
        {
            var member = new JsonComponent(element);
            JsonPart content = member.Required("content"), idPart = member.Required("id");
            (string text, int id) = (content.Text(), idPart.Natural(int.MaxValue - 1));
            if (text.Length == 0)
                throw content.Fail("the text of a token", "an empty one");
            if (!contents.Add(text))
                throw content.Fail("each added token once", ModelFileException.Quote(text) + " twice");
            if (!ids.Add(id))
                throw idPart.Fail("each id once", $"{id} twice");
            if (vocabulary.TryGetId(text, out int known) && known != id)
                throw idPart.Fail($"{known}, the id that the model gives {ModelFileException.Quote(text)}", $"{id}");
            if (vocabulary.TryGetToken(id, out string? other) && other != text)
                throw idPart.Fail($"an id of its own for {ModelFileException.Quote(text)}", $"{id}, which is that of {ModelFileException.Quote(other)}");
            bool isSpecial = member.Boolean("special", false);
            tokens.Add((new AddedToken(text)
            {
                IsSpecial = isSpecial,
                IsSingleWord = member.Boolean("single_word", false),
                StripsLeft = member.Boolean("lstrip", false),
                StripsRight = member.Boolean("rstrip", false),
                IsNormalized = member.Boolean("normalized", !isSpecial),
            }, id));
        }

        return tokens;
    }

    private static SequenceSide Side(JsonComponent component) =>
        component.Choice("direction", SequenceSide.Right, ("Left", SequenceSide.Left), ("Right", SequenceSide.Right));

    private static TruncationOptions ReadTruncation(JsonComponent truncation) => new(truncation.Required("max_length").Natural())
    {
        Strategy = truncation.Choice(
            "strategy", TruncationStrategy.LongestFirst, ("LongestFirst", TruncationStrategy.LongestFirst), ("OnlyFirst", TruncationStrategy.OnlyFirst),
            ("OnlySecond", TruncationStrategy.OnlySecond)),
        Side = Side(truncation),
        Stride = truncation.Natural("stride", 0),
    };

    private static PaddingOptions ReadPadding(JsonComponent padding) => new()
    {
        Length = ReadLength(padding.Required("strategy")),
        Side = Side(padding),
        MultipleOf = padding.Optional("pad_to_multiple_of")?.Natural(),
        Token = padding.Text("pad_token", "[PAD]"),
        Id = padding.Natural("pad_id", 0),
        TypeId = padding.Natural("pad_type_id", 0),
    };

    private static int? ReadLength(JsonPart strategy)
    {
        if (strategy.Kind != JsonTokenType.String)
            return new JsonComponent(strategy).Required("Fixed").Natural();
        return strategy.Text() == "BatchLongest" ? null : throw strategy.Fail("BatchLongest or a fixed length", ModelFileException.Quote(strategy.Text()));
    }

    private static void WriteTruncation(Utf8JsonWriter json, TruncationOptions? truncation)
    {
        if (truncation is null)
        {
            json.WriteNull("truncation");
            return;
        }

        json.WriteStartObject("truncation");
        json.WriteString("direction", truncation.Side.ToString());
        json.WriteNumber("max_length", truncation.MaxLength);
        json.WriteString("strategy", truncation.Strategy.ToString());
        json.WriteNumber("stride", truncation.Stride);
        json.WriteEndObject();
    }

    private static void WritePadding(Utf8JsonWriter json, PaddingOptions? padding)
    {
        if (padding is null)
        {
            json.WriteNull("padding");
            return;
        }

        json.WriteStartObject("padding");
        if (padding.Length is { } length)
        {
            json.WriteStartObject("strategy");
            json.WriteNumber("Fixed", length);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("strategy", "BatchLongest");
        }

        json.WriteString("direction", padding.Side.ToString());
        if (padding.MultipleOf is { } multiple)
            json.WriteNumber("pad_to_multiple_of", multiple);
        else
            json.WriteNull("pad_to_multiple_of");
        json.WriteNumber("pad_id", padding.Id);
        json.WriteNumber("pad_type_id", padding.TypeId);
        json.WriteString("pad_token", padding.Token);
        json.WriteEndObject();
    }
}
