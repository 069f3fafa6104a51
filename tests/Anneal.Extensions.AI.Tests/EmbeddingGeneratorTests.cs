using Anneal.Models;
using Microsoft.Extensions.AI;

namespace Anneal.Extensions.AI.Tests;

/// <summary>An encoder as a generator of embeddings.</summary>
public sealed class EmbeddingGeneratorTests
{
    [Fact]
    public async Task EmbeddingsAreTheEmbeddersVectors()
    {
        TextEmbedder embedder = SmallModels.Embedder();
        using IEmbeddingGenerator<string, Embedding<float>> generator = embedder.AsEmbeddingGenerator("letters");
        string[] texts = ["one", "two words"];
        GeneratedEmbeddings<Embedding<float>> found = await generator.GenerateAsync(texts, new EmbeddingGenerationOptions { Dimensions = embedder.Dimensions, ModelId = "letters" });
        IReadOnlyList<TextEmbedding> expected = embedder.Embed(texts);
        Assert.Equal(expected.Select(e => e.Vector), found.Select(f => f.Vector.ToArray()));
        Assert.Equal(4 + 10, found.Usage!.InputTokenCount);
        Assert.All(found, f => Assert.Equal("letters", f.ModelId));
        Assert.Empty(await generator.GenerateAsync([]));
    }

    [Fact]
    public async Task OtherModelsAndSizesAreRefused()
    {
        TextEmbedder embedder = SmallModels.Embedder();
        using IEmbeddingGenerator<string, Embedding<float>> generator = embedder.AsEmbeddingGenerator();
        await Assert.ThrowsAsync<OptionException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { ModelId = "other" }));
        await Assert.ThrowsAsync<OptionException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 3 }));
        await Assert.ThrowsAsync<OptionException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { AdditionalProperties = new() { ["x"] = 1 } }));
        await Assert.ThrowsAsync<OptionException>(() => generator.GenerateAsync(["a"], new EmbeddingGenerationOptions { RawRepresentationFactory = _ => 1 }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["a"], cancellationToken: new CancellationToken(canceled: true)));
        EmbeddingGeneratorMetadata metadata = generator.GetService<EmbeddingGeneratorMetadata>()!;
        Assert.Equal((embedder.Model.Name, (int?)embedder.Dimensions), (metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Same(embedder, generator.GetService<TextEmbedder>());
        Assert.Null(generator.GetService(typeof(string)));
    }
}
