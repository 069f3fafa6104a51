using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Data;

/// <summary>What a caller gives to a template, as the template's values.</summary>
internal static class TemplateInput
{
    private const int MostDepth = 64;

    internal static TemplateValue From(JsonNode? node, string what, int depth = 0)
    {
        if (depth > MostDepth)
            throw new InputException(FormattableString.Invariant($"{what}: JSON is nested deeper than {MostDepth}."));
        switch (node)
        {
            case null:
                return TemplateNone.Instance;
            case JsonObject map:
                OrderedDictionary<TemplateValue, TemplateValue> entries = TemplateMap.NewEntries(map.Count);
                foreach ((string name, JsonNode? value) in map)
                    entries[new TemplateString(name)] = From(value, what, depth + 1);
                return new TemplateMap(entries);
            case JsonArray array:
                return new TemplateSequence([.. array.Select(item => From(item, what, depth + 1))], SequenceKind.List);
            default:
                return node.GetValueKind() switch
                {
                    JsonValueKind.String => new TemplateString(node.GetValue<string>()),
                    JsonValueKind.True => TemplateBoolean.True,
                    JsonValueKind.False => TemplateBoolean.False,
                    JsonValueKind.Number => Number(node.ToJsonString()),
                    _ => TemplateNone.Instance,
                };
        }
    }

    internal static TemplateSequence Messages(IReadOnlyList<ChatMessage> messages) =>
        new([.. messages.Select((message, i) => From(message.ToJson(), FormattableString.Invariant($"message {i}")))], SequenceKind.List);

    internal static TemplateValue Tools(IReadOnlyList<ChatTool> tools) =>
        tools.Count == 0 ? TemplateNone.Instance : new TemplateSequence([.. tools.Select(tool => From(tool.ToJson(), $"tool {tool.Name}"))], SequenceKind.List);

    // A number is whole where it is written so.
    private static TemplateValue Number(string text) => text.AsSpan().IndexOfAny(".eE") < 0 && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
        ? new TemplateInteger(whole)
        : new TemplateFloat(double.Parse(text, CultureInfo.InvariantCulture));
}
