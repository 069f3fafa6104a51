using System.Text.Json.Nodes;

namespace Anneal.Data;

/// <summary>A turn of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>, or another that the template knows.</param>
/// <param name="Content">What is said; null, which templates see as none, where there is nothing but calls.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>The tools that the assistant calls. Templates see the field only where there are any.</summary>
    public IReadOnlyList<ChatToolCall> ToolCalls { get; init; } = [];

    /// <summary>What the assistant thought before it spoke, which templates of such models know as <c>reasoning_content</c>; null where there is nothing.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>The content as a list of parts, for templates that take them; where there is one, templates see it in place of <see cref="Content"/>.</summary>
    public JsonArray? ContentParts { get; init; }

    /// <summary>Further fields that the template knows, such as <c>name</c> or <c>tool_call_id</c>; null for none.</summary>
    public JsonObject? Fields { get; init; }

    /// <summary>Whether templates see no content at all where there is none, as in a file that leaves the field out: what is missing is written as nothing, none as a word.</summary>
    internal bool OmitsContent { get; init; }

    /// <summary>What the model is told before the conversation.</summary>
    public static ChatMessage System(string content) => new("system", content);

    /// <summary>What the user says.</summary>
    public static ChatMessage User(string content) => new("user", content);

    /// <summary>What the model says.</summary>
    public static ChatMessage Assistant(string content) => new("assistant", content);

    /// <summary>What a tool answers.</summary>
    public static ChatMessage Tool(string content) => new("tool", content);

    /// <summary>The message as the mapping that templates see, and that files of conversations hold.</summary>
    /// <exception cref="InputException">A further field has the name of one of the others.</exception>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["role"] = Role };
        if (Content is not null || ContentParts is not null || !OmitsContent)
            json["content"] = ContentParts is null ? Content : ContentParts.DeepClone();
        if (ReasoningContent is not null)
            json["reasoning_content"] = ReasoningContent;
        if (ToolCalls.Count > 0)
            json["tool_calls"] = new JsonArray([.. ToolCalls.Select(call => call.ToJson())]);
        foreach ((string name, JsonNode? value) in Fields ?? [])
        {
            if (!json.TryAdd(name, value?.DeepClone()))
                throw new InputException($"A message has a further field {ModelFileException.Quote(name)}, which has a property of its own.");
        }

        return json;
    }
}

/// <summary>A call of a tool by the assistant.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">The arguments as an object, as templates expect them; a string of JSON where a template expects that.</param>
public sealed record ChatToolCall(string Name, JsonNode Arguments)
{
    /// <summary>What the answer refers to; null where it does not.</summary>
    public string? Id { get; init; }

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = Name, ["arguments"] = Arguments.DeepClone() } };
        if (Id is not null)
            json["id"] = Id;
        return json;
    }
}

/// <summary>A tool that the assistant may call.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Parameters">A JSON schema of its arguments.</param>
public sealed record ChatTool(string Name, string Description, JsonObject Parameters)
{
    /// <summary>The whole mapping that templates see, where it is more or another than these three; null where it is not.</summary>
    public JsonObject? Definition { get; init; }

    internal JsonObject ToJson() => Definition is not null ? (JsonObject)Definition.DeepClone() : new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = Name, ["description"] = Description, ["parameters"] = Parameters.DeepClone() },
    };
}
