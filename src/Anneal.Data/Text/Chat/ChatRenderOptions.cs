using System.Text.Json.Nodes;

namespace Anneal.Data;

/// <summary>How a conversation becomes text.</summary>
public sealed record ChatRenderOptions
{
    internal static readonly ChatRenderOptions Default = new();

    /// <summary>Whether the text ends with what begins a turn of the assistant, so that the model goes on with it.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Variables that the template knows, such as <c>enable_thinking</c>; null for none.</summary>
    public JsonObject? Variables { get; init; }

    /// <summary>Special tokens by their variables, such as <c>bos_token</c>, beside or in place of those of <see cref="ChatTemplate.SpecialTokens"/>; null for none.</summary>
    public IReadOnlyDictionary<string, string>? SpecialTokens { get; init; }

    /// <summary>The time that a template is told that asks for it; null makes that an error. The clock of the machine is never read.</summary>
    public DateTimeOffset? Now { get; init; }

    /// <summary>
    /// Which template is taken where a model has several; null is <c>tool_use</c> for a conversation with tools where there is one, and else the
    /// default.
    /// </summary>
    public string? Template { get; init; }

    /// <summary>The most that rendering may take.</summary>
    public ChatTemplateLimits Limits { get; init; } = ChatTemplateLimits.Default;
}

/// <summary>The most that rendering a template may take, so that one from a stranger does no harm.</summary>
public sealed record ChatTemplateLimits
{
    internal static readonly ChatTemplateLimits Default = new();

    /// <summary>The most steps, each of which is a part of the template that is evaluated or some dozens of characters that are looked at.</summary>
    public long MaximumSteps { get; init; } = 20_000_000;

    /// <summary>The most characters of all texts that are made, those in between included. A value in a list counts as eight.</summary>
    public long MaximumCharacters { get; init; } = 50_000_000;

    internal void Check()
    {
        if (MaximumSteps < 1 || MaximumCharacters < 1)
            throw new OptionException($"{nameof(ChatTemplateLimits)}: both limits must be at least 1.");
    }
}
