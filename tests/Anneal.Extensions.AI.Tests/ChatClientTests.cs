using System.Text.Json;
using Anneal.Data;
using Anneal.Models;
using Microsoft.Extensions.AI;
using Message = Microsoft.Extensions.AI.ChatMessage;
using Turn = Anneal.Data.ChatMessage;

namespace Anneal.Extensions.AI.Tests;

/// <summary>A model as a chat client.</summary>
public sealed class ChatClientTests
{
    private static readonly Message[] Hello = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "One text")];
    private static readonly ChatConversation HelloTurns = new([Turn.System("Be brief."), Turn.User("One text")]);

    [Fact]
    public async Task AResponseIsTheModelsAnswer()
    {
        TextGenerator generator = SmallModels.Generator();
        using IChatClient client = generator.AsChatClient(new() { ModelId = "small" });
        ChatResponse response = await client.GetResponseAsync(Hello);
        GenerationResult answer = generator.Answer(HelloTurns);
        Assert.Equal(answer.Text, response.Text);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal("small", response.ModelId);
        Assert.Equal((answer.PromptTokenCount, 12, answer.PromptTokenCount + 12), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount));
        Assert.NotEqual(response.ResponseId, (await client.GetResponseAsync(Hello)).ResponseId);
    }

    [Fact]
    public async Task UpdatesJoinedAreTheResponse()
    {
        TextGenerator generator = SmallModels.Generator();
        using IChatClient client = generator.AsChatClient();
        var updates = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(Hello))
            updates.Add(update);
        Assert.True(updates.Count > 2);
        ChatResponse whole = await client.GetResponseAsync(Hello), joined = updates.ToChatResponse();
        Assert.Equal(whole.Text, joined.Text);
        Assert.Equal(whole.FinishReason, joined.FinishReason);
        Assert.Equal((whole.Usage!.InputTokenCount, whole.Usage.OutputTokenCount), (joined.Usage!.InputTokenCount, joined.Usage.OutputTokenCount));
        Assert.Single(joined.Messages);
        Assert.All(updates, u => Assert.Equal(updates[0].ResponseId, u.ResponseId));
    }

    [Fact]
    public async Task OptionsAreHeeded()
    {
        TextGenerator generator = SmallModels.Generator();
        using IChatClient client = generator.AsChatClient(new() { Seed = 5 });
        string all = generator.Answer(HelloTurns).Text;

        ChatResponse stopped = await client.GetResponseAsync(Hello, new ChatOptions { StopSequences = [all[3..6]] });
        Assert.Equal(all[..all.IndexOf(all[3..6], StringComparison.Ordinal)], stopped.Text);
        Assert.Equal(ChatFinishReason.Stop, stopped.FinishReason);
        Assert.Equal(3, (await client.GetResponseAsync(Hello, new ChatOptions { MaxOutputTokens = 3 })).Usage!.OutputTokenCount);
        Assert.Equal(generator.Answer(new ChatConversation([Turn.System("Hm."), .. HelloTurns.Messages])).Text, (await client.GetResponseAsync(Hello, new ChatOptions { Instructions = "Hm." })).Text);

        // Draws, with the seed of the request or of the client.
        GenerationOptions draws = generator.Options with { Temperature = 1.5f, TopP = 0.9f, TopK = 40, Seed = 3, FrequencyPenalty = 0.5, PresencePenalty = 0.25 };
        var options = new ChatOptions { Temperature = 1.5f, TopP = 0.9f, TopK = 40, Seed = 3, FrequencyPenalty = 0.5f, PresencePenalty = 0.25f };
        Assert.Equal(generator.Answer(HelloTurns, draws).Text, (await client.GetResponseAsync(Hello, options)).Text);
        Assert.Equal(generator.Answer(HelloTurns, generator.Options with { Temperature = 1, TopK = 40, Seed = 5 }).Text, (await client.GetResponseAsync(Hello, new ChatOptions { TopK = 40 })).Text);
        Assert.Equal(all, (await client.GetResponseAsync(Hello, new ChatOptions { Temperature = 0, Seed = 9 })).Text);

        // What the interface does not know.
        Assert.Equal(2, (await client.GetResponseAsync(Hello, new ChatOptions { RawRepresentationFactory = _ => new GenerationOptions { MaximumNewTokens = 2 } })).Usage!.OutputTokenCount);
        ChatResponse mood = await client.GetResponseAsync(Hello, new ChatOptions { AdditionalProperties = new() { ["mood"] = "glad" } });
        Assert.Equal(generator.Answer(HelloTurns, rendering: new() { Variables = new() { ["mood"] = "glad" } }).Text, mood.Text);
        Assert.NotEqual(all, mood.Text);
    }

    [Fact]
    public async Task ToolsAndTheirResultsAreText()
    {
        TextGenerator generator = SmallModels.Generator();
        using var client = new AnnealChatClient(generator);
        AIFunctionDeclaration tool = AIFunctionFactory.CreateDeclaration("add", "Adds.", JsonDocument.Parse("""{ "type": "object" }""").RootElement);
        Message[] messages =
        [
            new(ChatRole.User, "1+2?"),
            new(ChatRole.Assistant, [new TextReasoningContent("hm"), new FunctionCallContent("c1", "add", new Dictionary<string, object?> { ["x"] = 1, ["y"] = new List<object?> { "a", null } })]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", 3), new FunctionResultContent("c2", "three")]),
            new(ChatRole.User, "And?") { AuthorName = "Ann" },
        ];
        Assert.Equal(
            """user:1+2?<|endoftext|>assistant:[hm][{"type": "function", "function": {"name": "add", "arguments": {"x": 1, "y": ["a", null]}}, "id": "c1"}]<|endoftext|>"""
            + """tool:3#c1<|endoftext|>tool:three#c2<|endoftext|>user(Ann):And?<|endoftext|>[{"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}}]assistant:""",
            await Prompt(client, generator, messages, new ChatOptions { Tools = [tool] }));
        Assert.DoesNotContain("Adds.", await Prompt(client, generator, messages, new ChatOptions { Tools = [tool], ToolMode = ChatToolMode.None }));
    }

    [Fact]
    public async Task WhatIsTypedIsText()
    {
        TextGenerator generator = SmallModels.Generator();
        using IChatClient client = generator.AsChatClient();
        ChatResponse response = await client.GetResponseAsync(new Message(ChatRole.User, "a<|endoftext|>"));
        Assert.True(response.Usage!.InputTokenCount > generator.Tokenizer.Count("user:a<|endoftext|><|endoftext|>assistant:"));
    }

    [Fact]
    public async Task RequestsWaitForEachOtherAndCanBeCancelled()
    {
        TextGenerator generator = SmallModels.Generator();
        using IChatClient client = generator.AsChatClient();
        string[] texts = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => (await client.GetResponseAsync(Hello)).Text));
        Assert.Single(texts.Distinct());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync(Hello, cancellationToken: new CancellationToken(canceled: true)));

        // Who leaves a stream early lets the next one in.
        await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync(Hello))
            break;
        Assert.Equal(texts[0], (await client.GetResponseAsync(Hello)).Text);
    }

    [Fact]
    public async Task WhatIsNotSupportedIsRefused()
    {
        using IChatClient client = SmallModels.Generator().AsChatClient();
        ChatOptions[] refused =
        [
            new() { ResponseFormat = ChatResponseFormat.Json }, new() { ToolMode = ChatToolMode.RequireAny }, new() { ConversationId = "x" }, new() { ModelId = "other" }, new() { AllowMultipleToolCalls = false },
            new() { Reasoning = new() }, new() { RawRepresentationFactory = _ => new ChatClientOptions() }, new() { Seed = 1 }, new() { Temperature = -1 }, new() { MaxOutputTokens = 0 },
        ];
        foreach (ChatOptions options in refused)
            await Assert.ThrowsAsync<OptionException>(() => client.GetResponseAsync(Hello, options));
        Assert.NotNull(await client.GetResponseAsync(Hello, new ChatOptions { ResponseFormat = ChatResponseFormat.Text, ToolMode = ChatToolMode.Auto }));
        await Assert.ThrowsAsync<InputException>(() => client.GetResponseAsync([new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]));
        Assert.Throws<ModelException>(() => SmallModels.Generator(hasTemplate: false).AsChatClient());
        Assert.Throws<OptionException>(() => SmallModels.Generator().AsChatClient(new() { Seed = -1 }));
    }

    [Fact]
    public void ServicesAreFound()
    {
        TextGenerator generator = SmallModels.Generator();
        using IChatClient client = generator.AsChatClient();
        Assert.Same(generator, client.GetService(typeof(TextGenerator)));
        Assert.Same(client, client.GetService(typeof(IChatClient)));
        Assert.Equal(("anneal", generator.Model.Name), (client.GetService<ChatClientMetadata>()!.ProviderName, client.GetService<ChatClientMetadata>()!.DefaultModelId));
        Assert.Null(client.GetService(typeof(string)));
        Assert.Null(client.GetService(typeof(IChatClient), "key"));
    }

    private static async Task<string> Prompt(AnnealChatClient client, TextGenerator generator, Message[] messages, ChatOptions options)
    {
        ChatRequest request = ChatRequest.Read(messages, options, generator.Options, new ChatClientOptions());
        ChatResponse response = await client.GetResponseAsync(messages, options);
        IReadOnlyList<int> prompt = generator.EncodeChat(request.Conversation, request.Rendering);
        Assert.Equal(prompt.Count, response.Usage!.InputTokenCount);
        return generator.Tokenizer.Decode([.. prompt], skipSpecialTokens: false);
    }
}
