using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of Qwen3.</summary>
public sealed record Qwen3Config : SlidingDecoderConfig
{
    /// <inheritdoc/>
    public override string ModelType => "qwen3";

    /// <summary>Whether the four products of attention add a bias.</summary>
    public bool AttentionBias { get; init; }

    internal override DecoderOptions Options => new()
    {
        QueryKeyValueBias = AttentionBias,
        OutputBias = AttentionBias,
        NormalizesHeads = true,
        Window = WindowOf,
    };

    internal override Qwen3Config Read(ConfigFields fields) =>
        WithWindow((Qwen3Config)new Qwen3Config { VocabularySize = 151936, IntermediateSize = 22016, MaximumPositions = 32768 }.WithShared(fields, 128), fields) with
        {
            AttentionBias = fields.Flag("attention_bias", false),
        };

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["attention_bias"] = AttentionBias;
    }
}
