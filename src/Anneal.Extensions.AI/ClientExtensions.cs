using Anneal.Models;
using Microsoft.Extensions.AI;

namespace Anneal.Extensions.AI;

/// <summary>Models of Anneal as what Microsoft.Extensions.AI knows.</summary>
public static class ClientExtensions
{
    /// <summary>The generator as a chat client.</summary>
    /// <param name="generator">A generator that has a chat template.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ModelException">The generator has no chat template.</exception>
    public static IChatClient AsChatClient(this TextGenerator generator, ChatClientOptions? options = null) => new AnnealChatClient(generator, options);

    /// <summary>The embedder as a generator of embeddings.</summary>
    /// <param name="embedder">The embedder.</param>
    /// <param name="modelId">What the model is called; null is the name that it has.</param>
    public static IEmbeddingGenerator<string, Embedding<float>> AsEmbeddingGenerator(this TextEmbedder embedder, string? modelId = null) => new AnnealEmbeddingGenerator(embedder, modelId);
}
