using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Data;

/// <summary>
/// Finds where in a rendered conversation somebody typed the text of a special token, or a part of one that something else could make whole. The conversation
/// is rendered once more with a mark before each such place; where the marks come out are the places.
/// </summary>
internal static class TypedTokens
{
    /// <summary>The places, in order.</summary>
    /// <param name="text">The rendered conversation.</param>
    /// <param name="tokenizer">Knows the special tokens.</param>
    /// <param name="render">Renders again, with every string of the conversation changed.</param>
    internal static int[] Find(string text, Tokenizer tokenizer, Func<Func<string, string>, string> render)
    {
        string[] specials = [.. tokenizer.AddedTokens.Where(t => t.Token.IsSpecial).Select(t => t.Token.Content)];
        bool isAny = false;
        string mark = AssistantRanges.Mark(text);
        string marked = render(value =>
        {
            string changed = Marked(value, specials, mark);
            isAny |= changed.Length > value.Length;
            return changed;
        });
        if (!isAny)
            return [];
        var places = new List<int>();
        for (int at = marked.IndexOf(mark, StringComparison.Ordinal); at >= 0; at = marked.IndexOf(mark, at + 1, StringComparison.Ordinal))
            places.Add(at - places.Count);
        return marked.Replace(mark, "", StringComparison.Ordinal) == text ? [.. places] : throw new ChatTemplateException(
            "The conversation has the text of a special token, into which the template looks, so that it cannot be told from those that the template writes. "
            + $"Hint: {nameof(ChatEncodeOptions)}.{nameof(ChatEncodeOptions.TypedSpecialTokens)} can take it as a token.");
    }

    /// <summary>The conversation with all its strings changed, names of fields included. Roles are not: templates make tokens of them.</summary>
    internal static ChatConversation Change(ChatConversation conversation, Func<string, string> change) => new(
        [
            .. conversation.Messages.Select(m => m with
            {
                Content = m.Content is null ? null : change(m.Content),
                ReasoningContent = m.ReasoningContent is null ? null : change(m.ReasoningContent),
                ContentParts = (JsonArray?)Change(m.ContentParts, change),
                Fields = (JsonObject?)Change(m.Fields, change),
                ToolCalls = [.. m.ToolCalls.Select(c => new ChatToolCall(change(c.Name), Change(c.Arguments, change)!) { Id = c.Id is null ? null : change(c.Id) })],
            }),
        ])
    {
        Tools =
        [
            .. conversation.Tools.Select(t => new ChatTool(change(t.Name), change(t.Description), (JsonObject)Change(t.Parameters, change)!) { Definition = (JsonObject?)Change(t.Definition, change) }),
        ],
    };

    /// <summary>A value with all its strings changed.</summary>
    internal static JsonNode? Change(JsonNode? node, Func<string, string> change) => node switch
    {
        JsonObject map => new JsonObject(map.Select(m => KeyValuePair.Create(change(m.Key), Change(m.Value, change)))),
        JsonArray list => new JsonArray([.. list.Select(item => Change(item, change))]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => JsonValue.Create(change(value.GetValue<string>())),
        _ => node?.DeepClone(),
    };

    private static string Marked(string value, string[] specials, string mark)
    {
        SortedSet<int>? places = null;
        foreach (string special in specials)
        {
            for (int at = value.IndexOf(special, StringComparison.Ordinal); at >= 0; at = value.IndexOf(special, at + 1, StringComparison.Ordinal))
                (places ??= []).Add(at);
            for (int length = Math.Min(special.Length - 1, value.Length); length > 0; length--)
            {
                // What stands behind the string could go on with the token, and what stands before it could have begun it.
                if (value.AsSpan().EndsWith(special.AsSpan(0, length), StringComparison.Ordinal))
                    (places ??= []).Add(value.Length - length);
                if (value.AsSpan().StartsWith(special.AsSpan(special.Length - length), StringComparison.Ordinal))
                    (places ??= []).Add(0);
            }
        }

        if (places is null)
            return value;
        var marked = new StringBuilder(value.Length + places.Count);
        int from = 0;
        foreach (int place in places)
        {
            marked.Append(value, from, place - from).Append(mark);
            from = place;
        }

        return marked.Append(value, from, value.Length - from).ToString();
    }
}
