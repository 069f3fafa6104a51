using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Data;

/// <summary>A conversation, and the tools that its assistant may call.</summary>
/// <param name="Messages">The turns, in their order.</param>
public sealed record ChatConversation(IReadOnlyList<ChatMessage> Messages)
{
    // Lines of files: as JsonLines has it.
    private const int MostDepth = 64, MaximumLineLength = 1 << 24;

    /// <summary>The tools.</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>
    /// Reads a conversation from JSON, as a line of a file of them holds it: a list of messages, or an object with <c>messages</c> and, where there are any,
    /// <c>tools</c>; other members of the object are skipped.
    /// </summary>
    /// <param name="json">The text.</param>
    /// <exception cref="InputException">It is not such JSON; the message says what is wrong where.</exception>
    public static ChatConversation Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            JsonNode? root = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { MaxDepth = MostDepth, AllowDuplicateProperties = false });
            JsonNode? messages = root is JsonObject whole ? whole["messages"] : root, tools = (root as JsonObject)?["tools"];
            return new ChatConversation([.. Items(messages, "messages").Select(ReadMessage)]) { Tools = tools is null ? [] : [.. Items(tools, "tools").Select(ReadTool)] };
        }
        catch (JsonException e)
        {
            throw new InputException(FormattableString.Invariant($"A conversation is JSON, but the text is not, at line {(e.LineNumber ?? 0) + 1}, byte {e.BytePositionInLine ?? 0} of it."));
        }
        catch (ArgumentException e) when (e.InnerException is EncoderFallbackException broken)
        {
            throw new InputException(FormattableString.Invariant($"A conversation is text, but half of a character stands alone in it at place {broken.Index}."));
        }
        catch (InvalidOperationException)
        {
            // The reader's way to say that an escape stands for half of a character.
            throw new InputException("A conversation is JSON, but an escape in the text stands for half of a character.");
        }
    }

    /// <summary>Reads a file with one conversation a line, as <see cref="Parse"/> takes it, in UTF-8, plain or gzipped, in memory that does not grow with the file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The conversations, read one by one.</returns>
    /// <exception cref="TextFileException">While it is read: a line is no conversation, longer than 2^24 characters, or not UTF-8.</exception>
    /// <exception cref="DataFileException">While it is read: there is no such file, or its compression is damaged.</exception>
    public static IEnumerable<ChatConversation> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ReadLines(() => StrictTextReader.Open(path), path);
    }

    internal static IEnumerable<ChatConversation> ReadLines(Func<StrictTextReader> open, string file)
    {
        foreach ((long line, string text) in TextLines.Read(open(), MaximumLineLength))
            yield return ParseLine(text, file, line);
    }

    private static ChatConversation ParseLine(string text, string file, long line)
    {
        try
        {
            return Parse(text);
        }
        catch (InputException e)
        {
            throw new TextFileException(file, line, "a conversation", "what is none: " + e.Message.TrimEnd('.'), e);
        }
    }

    private static ChatMessage ReadMessage(JsonObject json, int index)
    {
        string where = FormattableString.Invariant($"messages[{index}]");
        string? content = null;
        JsonArray? parts = null;
        var fields = new JsonObject();
        IReadOnlyList<ChatToolCall> calls = [];
        string? role = null, reasoning = null;
        bool hasContent = json.ContainsKey("content");
        foreach ((string name, JsonNode? value) in json)
        {
            if (name == "role")
                role = Text(value, where + ".role");
            else if (name == "content" && value is JsonArray array)
                parts = (JsonArray)array.DeepClone();
            else if (name == "content")
                content = value is null ? null : Text(value, where + ".content");
            else if (name == "reasoning_content" && value is not null)
                reasoning = Text(value, where + ".reasoning_content");
            else if (name == "tool_calls")
                calls = value is null ? [] : [.. Items(value, where + ".tool_calls").Select(ReadCall)];
            else
                fields[name] = value?.DeepClone();
        }

        if (role is null)
            throw new InputException($"{where} has no role.");

        // Strings inside are read now, so that a broken one is found here.
        TemplateInput.From(fields, where);
        TemplateInput.From(parts, where);
        return new ChatMessage(role, content) { ContentParts = parts, ReasoningContent = reasoning, ToolCalls = calls, Fields = fields.Count > 0 ? fields : null, OmitsContent = !hasContent };
    }

    // With the object around the function, or the function alone, as both are found in files.
    private static ChatToolCall ReadCall(JsonObject json, int index)
    {
        string where = FormattableString.Invariant($"tool_calls[{index}]");
        JsonObject function = json["function"] as JsonObject ?? json;
        JsonNode arguments = function["arguments"]?.DeepClone() ?? new JsonObject();
        TemplateInput.From(arguments, where);
        return new ChatToolCall(Text(function["name"], where + ".name"), arguments) { Id = json["id"] is { } id ? Text(id, where + ".id") : null };
    }

    private static ChatTool ReadTool(JsonObject json, int index)
    {
        string where = FormattableString.Invariant($"tools[{index}]");
        JsonObject function = json["function"] as JsonObject ?? json;
        TemplateInput.From(json, where);
        return new ChatTool(
            Text(function["name"], where + ".name"),
            function["description"] is { } description ? Text(description, where + ".description") : "",
            function["parameters"]?.DeepClone() as JsonObject ?? [])
        { Definition = (JsonObject)json.DeepClone() };
    }

    private static IEnumerable<JsonObject> Items(JsonNode? node, string where)
    {
        if (node is not JsonArray array)
            throw new InputException($"A conversation: expected a list for {where}, found {Kind(node)}.");
        return array.Select((item, i) => item as JsonObject ?? throw new InputException(FormattableString.Invariant($"A conversation: expected an object for {where}[{i}], found {Kind(item)}.")));
    }

    private static string Text(JsonNode? node, string where) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String
        ? value.GetValue<string>()
        : throw new InputException($"A conversation: expected a string for {where}, found {Kind(node)}.");

    private static string Kind(JsonNode? node) => node is null ? "nothing" : $"a JSON {node.GetValueKind()}";
}
