using System.Text.Json;
using Anneal.Saving;

namespace Anneal.Data;

/// <summary>Reads the decoders of <c>tokenizer.json</c>.</summary>
internal static class DecoderJson
{
    // More characters than any token has need not be stripped.
    private const int MostStripped = 1 << 16;

    internal static TokenDecoder Read(JsonPart part)
    {
        var component = new JsonComponent(part);
        return component.Type switch
        {
            "Sequence" => new DecoderSequence(component.List("decoders", Read)),
            "ByteLevel" => new ByteLevelDecoder(component.Boolean("add_prefix_space", true), component.Boolean("trim_offsets", true), component.Boolean("use_regex", true)),
            "WordPiece" => new WordPieceDecoder(component.Text("prefix", "##"), component.Boolean("cleanup", true)),
            "Metaspace" => new MetaspaceDecoder(
                component.Character("replacement", MetaspacePreTokenizer.Sign), PreTokenizerJson.Scheme(component), component.Boolean("split", true)),
            "BPEDecoder" => new BpeDecoder(component.Text("suffix", "</w>")),
            "ByteFallback" => new ByteFallbackDecoder(),
            "Fuse" => new FuseDecoder(),
            "Strip" => ReadStrip(component),
            "Replace" => new ReplaceDecoder(component.Pattern(), component.Required("content").Text()),
            "CTC" => new CtcDecoder(component.Text("pad_token", "<pad>"), component.Text("word_delimiter_token", "|"), component.Boolean("cleanup", true)),
            _ => throw component.UnknownType(
                "decoder", "Sequence", "ByteLevel", "WordPiece", "Metaspace", "BPEDecoder", "ByteFallback", "Fuse", "Strip", "Replace", "CTC"),
        };
    }

    private static StripDecoder ReadStrip(JsonComponent component)
    {
        JsonPart content = component.Required("content");
        string text = content.Text();
        if (CodePoints.Of(text).Length != 1)
            throw content.Fail("one character", ModelFileException.Quote(text));
        return new StripDecoder(text, component.Required("start").Natural(MostStripped), component.Required("stop").Natural(MostStripped));
    }
}

/// <summary>Reads the post-processors of <c>tokenizer.json</c>.</summary>
internal static class PostProcessorJson
{
    internal static PostProcessor Read(JsonPart part)
    {
        var component = new JsonComponent(part);
        return component.Type switch
        {
            "Sequence" => new PostProcessorSequence(component.List("processors", Read)),
            "BertProcessing" => new BertPostProcessor(ReadPair(component.Required("sep")), ReadPair(component.Required("cls"))),
            "RobertaProcessing" => new RobertaPostProcessor(
                ReadPair(component.Required("sep")), ReadPair(component.Required("cls")), component.Boolean("trim_offsets", true), component.Boolean("add_prefix_space", true)),
            "ByteLevel" => new ByteLevelPostProcessor(component.Boolean("add_prefix_space", true), component.Boolean("trim_offsets", true), component.Boolean("use_regex", true)),
            "TemplateProcessing" => ReadTemplate(component),
            _ => throw component.UnknownType("post-processor", "Sequence", "BertProcessing", "RobertaProcessing", "ByteLevel", "TemplateProcessing"),
        };
    }

    private static (string Token, int Id) ReadPair(JsonPart part)
    {
        List<JsonPart> elements = part.Elements();
        return elements.Count == 2 ? (elements[0].Text(), elements[1].Natural()) : throw part.Fail("a token and its id", $"{elements.Count} values");
    }

    private static TemplatePostProcessor ReadTemplate(JsonComponent component)
    {
        var tokens = new Dictionary<string, TemplateToken>();
        foreach ((string name, JsonPart part) in component.Required("special_tokens").Members())
        {
            var token = new JsonComponent(part);
            int[] ids = token.List("ids", id => id.Natural());
            string[] texts = token.List("tokens", text => text.Text());
            if (ids.Length != texts.Length)
                throw part.Fail("as many ids as tokens", $"{ids.Length} and {texts.Length}");
            tokens.Add(name, new TemplateToken(token.Text("id", name), ids, texts));
        }

        TemplatePlace[] single = component.List("single", part => ReadPlace(part, tokens)), pair = component.List("pair", part => ReadPlace(part, tokens));

        // Every text stands somewhere, exactly once, so that none is lost.
        Check(component.Required("single"), single, 0);
        Check(component.Required("pair"), pair, 0, 1);
        return new TemplatePostProcessor(single, pair, tokens);
    }

    private static TemplatePlace ReadPlace(JsonPart part, Dictionary<string, TemplateToken> tokens)
    {
        if (part.Kind == JsonTokenType.String)
            throw part.Fail("a place of a template as an object", "a string");
        var place = new JsonComponent(part);
        if (place.Optional("SpecialToken") is { } special)
        {
            var token = new JsonComponent(special);
            JsonPart id = token.Required("id");
            return tokens.ContainsKey(id.Text())
                ? new TemplatePlace(-1, id.Text(), token.Natural("type_id", 0))
                : throw id.Fail("one of the template's special_tokens", ModelFileException.Quote(id.Text()));
        }

        var sequence = new JsonComponent(place.Required("Sequence"));
        return new TemplatePlace(sequence.Choice("id", 0, ("A", 0), ("B", 1)), null, sequence.Natural("type_id", 0));
    }

    private static void Check(JsonPart part, TemplatePlace[] template, params ReadOnlySpan<int> sequences)
    {
        int[] places = [.. template.Where(p => p.SpecialToken is null).Select(p => p.Sequence).Order()];
        if (!sequences.SequenceEqual(places))
            throw part.Fail(sequences.Length == 1 ? "the text A once" : "the texts A and B once each", $"{places.Length} texts");
    }
}
