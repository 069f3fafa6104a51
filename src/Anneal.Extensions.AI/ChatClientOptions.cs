using Anneal.Data;

namespace Anneal.Extensions.AI;

/// <summary>How a model becomes a chat client.</summary>
public sealed record ChatClientOptions
{
    /// <summary>What the model is called; null is the name that it has.</summary>
    public string? ModelId { get; init; }

    /// <summary>How conversations become text; null for the defaults.</summary>
    public ChatRenderOptions? Rendering { get; init; }

    /// <summary>The seed of draws where neither a request nor the generator's options have one: the same request then gets the same answer. At least 0.</summary>
    public long Seed { get; init; }
}
