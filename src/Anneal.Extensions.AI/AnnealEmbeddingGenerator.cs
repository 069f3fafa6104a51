using System.Globalization;
using Anneal.Models;
using Microsoft.Extensions.AI;

namespace Anneal.Extensions.AI;

/// <summary>An encoder or a causal model as a generator of embeddings. It may be used by several threads at once.</summary>
public sealed class AnnealEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly TextEmbedder _embedder;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Makes a generator.</summary>
    /// <param name="embedder">Makes the vectors.</param>
    /// <param name="modelId">What the model is called; null is the name that it has.</param>
    public AnnealEmbeddingGenerator(TextEmbedder embedder, string? modelId = null)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        (_embedder, _metadata) = (embedder, new EmbeddingGeneratorMetadata("anneal", null, modelId ?? embedder.Model.Name, embedder.Dimensions));
    }

    /// <summary>Makes vectors of texts, on the thread pool.</summary>
    /// <param name="values">The texts.</param>
    /// <param name="options">May name this model and the size that its vectors have; nothing else.</param>
    /// <param name="cancellationToken">Ends the work before the next batch.</param>
    /// <returns>One vector a text, and the number of their tokens.</returns>
    /// <exception cref="OptionException">The options ask for another model or size, or for anything else.</exception>
    /// <exception cref="AnnealException">As <see cref="TextEmbedder.Embed"/>.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values];
        if (options?.ModelId is { } model && model != _metadata.DefaultModelId)
            throw new OptionException($"The options ask for the model '{model}', but this is '{_metadata.DefaultModelId}'.");
        if (options?.Dimensions is { } size && size != _embedder.Dimensions)
            throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"The options ask for vectors of {size} numbers, but those of this model have {_embedder.Dimensions}."));
        if (options is { AdditionalProperties.Count: > 0 } or { RawRepresentationFactory: not null })
            throw new OptionException("The options have properties of their own, but this generator has nothing that they could set. Hint: leave AdditionalProperties and RawRepresentationFactory out.");
        IReadOnlyList<TextEmbedding> found = await Task.Run(() => _embedder.Embed(texts, cancellationToken), cancellationToken).ConfigureAwait(false);
        long tokens = found.Sum(f => (long)f.TokenCount);
        return new GeneratedEmbeddings<Embedding<float>>(found.Select(f => new Embedding<float>(f.Vector.ToArray()) { ModelId = _metadata.DefaultModelId }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(_embedder) ? _embedder
            : null;
    }

    /// <summary>Does nothing: the embedder belongs to who made it.</summary>
    public void Dispose()
    {
    }
}
