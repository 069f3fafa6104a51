namespace Anneal.Models;

/// <summary>The configuration of Qwen2 and Qwen2.5.</summary>
public sealed record Qwen2Config : SlidingDecoderConfig
{
    /// <inheritdoc/>
    public override string ModelType => "qwen2";

    internal override DecoderOptions Options => new() { QueryKeyValueBias = true, Window = WindowOf };

    internal override Qwen2Config Read(ConfigFields fields) =>
        WithWindow((Qwen2Config)new Qwen2Config { VocabularySize = 151936, IntermediateSize = 22016, MaximumPositions = 32768 }.WithShared(fields), fields);
}
