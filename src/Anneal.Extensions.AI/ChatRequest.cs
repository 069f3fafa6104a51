using System.Text.Json;
using System.Text.Json.Nodes;
using Anneal.Data;
using Anneal.Models;
using Microsoft.Extensions.AI;
using Message = Microsoft.Extensions.AI.ChatMessage;
using Turn = Anneal.Data.ChatMessage;

namespace Anneal.Extensions.AI;

/// <summary>A request to a chat client in the words of Anneal.</summary>
internal sealed record ChatRequest(ChatConversation Conversation, GenerationOptions Generation, ChatRenderOptions Rendering, IReadOnlyList<string> StopStrings)
{
    internal static ChatRequest Read(IEnumerable<Message> messages, ChatOptions? options, GenerationOptions generation, ChatClientOptions defaults)
    {
        var turns = new List<Turn>();
        if (!string.IsNullOrEmpty(options?.Instructions))
            turns.Add(Turn.System(options.Instructions));
        foreach (Message message in messages)
            AddTurns(message ?? throw new ArgumentException("A message is null.", nameof(messages)), turns);
        RequireSupported(options);
        ChatRenderOptions rendering = defaults.Rendering ?? new ChatRenderOptions();
        return new ChatRequest(
            new ChatConversation(turns) { Tools = ToolsOf(options) },
            GenerationOf(options, generation, defaults.Seed),
            rendering with { Variables = VariablesOf(options, rendering.Variables) },
            [.. options?.StopSequences ?? []]);
    }

    private static void RequireSupported(ChatOptions? options)
    {
        if (options is null)
            return;
        if (options.ConversationId is not null)
            throw new OptionException("The options name a conversation that is kept elsewhere, but each request to this client brings its whole conversation. Hint: leave ConversationId out.");
        if (options.ResponseFormat is not null and not ChatResponseFormatText)
            throw new OptionException("The options ask for answers in JSON, to which this client cannot hold a model. Hint: leave ResponseFormat out, and ask for JSON in the text.");
        if (options.ToolMode is not null and not AutoChatToolMode and not NoneChatToolMode)
            throw new OptionException("The options ask for a call of a tool, to which this client cannot hold a model. Hint: leave ToolMode out.");
        if (options.AllowMultipleToolCalls is not null)
            throw new OptionException("The options say how many tools may be called at once, which is for the model's template to say. Hint: leave AllowMultipleToolCalls out.");
#pragma warning disable MEAI001 // The property is experimental; to refuse it needs no more than that it is there.
        if (options.ContinuationToken is not null)
            throw new OptionException("The options continue an earlier response, but this client keeps none. Hint: leave ContinuationToken out.");
#pragma warning restore MEAI001
        if (options.Reasoning is not null)
            throw new OptionException("The options say how much the model is to think. Hint: leave Reasoning out; a template that knows this has a variable for it, which AdditionalProperties set.");
    }

    /// <summary>A message as turns: results of tools are turns of their own, behind what else the message has.</summary>
    private static void AddTurns(Message message, List<Turn> turns)
    {
        var texts = new List<string>();
        var thoughts = new List<string>();
        var calls = new List<ChatToolCall>();
        var results = new List<Turn>();
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    texts.Add(text.Text);
                    break;
                case TextReasoningContent thought:
                    thoughts.Add(thought.Text);
                    break;
                case FunctionCallContent call:
                    calls.Add(new ChatToolCall(call.Name, ArgumentsOf(call)) { Id = call.CallId });
                    break;
                case FunctionResultContent result:
                    results.Add(Turn.Tool(JsonValues.ToText(result.Result)) with { Fields = result.CallId is null ? null : new JsonObject { ["tool_call_id"] = result.CallId } });
                    break;
                case UsageContent:
                    break;
                default:
                    throw new InputException($"A message has content of the kind {content.GetType().Name}, but this client takes texts, calls of tools and their results.");
            }
        }

        if (texts.Count > 0 || calls.Count > 0 || thoughts.Count > 0 || results.Count == 0)
        {
            turns.Add(new Turn(message.Role.Value, texts.Count == 0 && calls.Count > 0 ? null : string.Concat(texts))
            {
                ToolCalls = calls,
                ReasoningContent = thoughts.Count > 0 ? string.Concat(thoughts) : null,
                Fields = message.AuthorName is { } name ? new JsonObject { ["name"] = name } : null,
            });
        }

        turns.AddRange(results);
    }

    private static JsonObject ArgumentsOf(FunctionCallContent call) => new((call.Arguments ?? new Dictionary<string, object?>()).Select(a => KeyValuePair.Create(a.Key, JsonValues.ToNode(a.Value))));

    private static ChatTool[] ToolsOf(ChatOptions? options)
    {
        if (options?.Tools is null || options.ToolMode is NoneChatToolMode)
            return [];
        return
        [
            .. options.Tools.Select(tool => tool is AIFunctionDeclaration function
                ? new ChatTool(function.Name, function.Description, JsonNode.Parse(function.JsonSchema.GetRawText()) as JsonObject ?? [])
                : throw new OptionException($"The tool '{tool.Name}' is no function ({tool.GetType().Name}), but models are told of functions only.")),
        ];
    }

    private static JsonObject? VariablesOf(ChatOptions? options, JsonObject? given)
    {
        if (options?.AdditionalProperties is not { Count: > 0 } properties)
            return given;
        JsonObject variables = given is null ? [] : (JsonObject)given.DeepClone();
        foreach ((string name, object? value) in properties)
            variables[name] = JsonValues.ToNode(value);
        return variables;
    }

    private static GenerationOptions GenerationOf(ChatOptions? options, GenerationOptions given, long seed)
    {
        GenerationOptions result = given with
        {
            MaximumNewTokens = options?.MaxOutputTokens ?? given.MaximumNewTokens,
            FrequencyPenalty = options?.FrequencyPenalty ?? given.FrequencyPenalty,
            PresencePenalty = options?.PresencePenalty ?? given.PresencePenalty,
        };
        if (options?.Temperature == 0)
            return result with { Temperature = null, TopK = null, TopP = null, MinP = null, Seed = null };
        double? temperature = options?.Temperature ?? given.Temperature;

        // As elsewhere, who asks for some of the most probable tokens wants draws, with probabilities as they are.
        if (temperature is null && (options?.TopP is not null || options?.TopK is not null))
            temperature = 1;
        if (temperature is null)
        {
            return options?.Seed is null
                ? result
                : throw new OptionException("The options have a seed, but without a temperature nothing is drawn. Hint: set Temperature, or leave Seed out.");
        }

        return result with
        {
            Temperature = temperature,
            TopK = options?.TopK ?? given.TopK,
            TopP = options?.TopP ?? given.TopP,
            Seed = options?.Seed ?? given.Seed ?? seed,
        };
    }
}

/// <summary>Values of callers as JSON.</summary>
internal static class JsonValues
{
    internal static JsonNode? ToNode(object? value) => value switch
    {
        null => null,
        JsonNode node => node.DeepClone(),
        JsonElement element => JsonNode.Parse(element.GetRawText()),
        _ => JsonNode.Parse(Serialize(value)),
    };

    /// <summary>A result of a tool as the model reads it: a text as it is, anything else as JSON.</summary>
    internal static string ToText(object? value) => value switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } element => element.GetString()!,
        JsonElement element => element.GetRawText(),
        JsonNode node => node.ToJsonString(),
        _ => Serialize(value),
    };

    private static string Serialize(object value)
    {
        try
        {
            return JsonSerializer.Serialize(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType()));
        }
        catch (Exception e) when (e is NotSupportedException or JsonException)
        {
            throw new InputException($"A value of the type {value.GetType().Name} cannot be told to a model: {e.Message} Hint: give it as a string, a JsonElement or a JsonNode.");
        }
    }
}
