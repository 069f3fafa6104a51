using System.Text.Json;

namespace Anneal.Data;

/// <summary>A place in a template: a text of the pair, or a special token.</summary>
/// <param name="Sequence">Which text, or -1.</param>
/// <param name="SpecialToken">Which special token, or null.</param>
/// <param name="TypeId">The type of its tokens.</param>
internal sealed record TemplatePlace(int Sequence, string? SpecialToken, int TypeId);

/// <summary>A special token of a template: what its name stands for.</summary>
internal sealed record TemplateToken(string Name, int[] Ids, string[] Tokens);

/// <summary>Puts texts and special tokens in the order of a template, one for a text and one for a pair.</summary>
internal sealed class TemplatePostProcessor(TemplatePlace[] single, TemplatePlace[] pair, Dictionary<string, TemplateToken> tokens) : PostProcessor
{
    internal override int AddedCount(bool isPair) => (isPair ? pair : single).Sum(p => p.SpecialToken is { } token ? tokens[token].Ids.Length : 0);

    internal override void Process(List<TokenPiece> pieces, bool addSpecialTokens, Tokenizer tokenizer)
    {
        TokenPiece[] texts = [.. pieces.Where(p => p.Sequence >= 0)];
        TemplatePlace[] template = texts.Length > 1 ? pair : single;
        pieces.Clear();
        foreach (TemplatePlace place in template)
        {
            if (place.SpecialToken is null)
                pieces.Add(texts[place.Sequence] with { TypeId = place.TypeId });
            else if (addSpecialTokens)
                pieces.Add(TokenPiece.Added(tokens[place.SpecialToken].Ids, tokens[place.SpecialToken].Tokens, place.TypeId));
        }
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "TemplateProcessing");
        Write(json, "single", single);
        Write(json, "pair", pair);
        json.WriteStartObject("special_tokens");
        foreach ((string name, TemplateToken token) in tokens)
        {
            json.WriteStartObject(name);
            json.WriteString("id", token.Name);
            json.WriteStartArray("ids");
            foreach (int id in token.Ids)
                json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            foreach (string text in token.Tokens)
                json.WriteStringValue(text);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, TemplatePlace[] template)
    {
        json.WriteStartArray(name);
        foreach (TemplatePlace place in template)
        {
            json.WriteStartObject();
            json.WriteStartObject(place.SpecialToken is null ? "Sequence" : "SpecialToken");
            json.WriteString("id", place.SpecialToken ?? (place.Sequence == 0 ? "A" : "B"));
            json.WriteNumber("type_id", place.TypeId);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
