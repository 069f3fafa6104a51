using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of Llama (Touvron et al., 2023) and of models built like it.</summary>
public sealed record LlamaConfig : DecoderConfig
{
    /// <inheritdoc/>
    public override string ModelType => "llama";

    /// <summary>Whether the four products of attention add a bias.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the products of the feed-forward networks add a bias.</summary>
    public bool FeedForwardBias { get; init; }

    internal override DecoderOptions Options => new()
    {
        QueryKeyValueBias = AttentionBias,
        OutputBias = AttentionBias,
        FeedForwardBias = FeedForwardBias,
    };

    internal override void Check(string file)
    {
        base.Check(file);
        RequireWholeHeads(file);
    }

    internal override LlamaConfig Read(ConfigFields fields) => ((LlamaConfig)(new LlamaConfig { KeyValueHeadCount = 0 }).WithShared(fields)) with
    {
        AttentionBias = fields.Flag("attention_bias", false),
        FeedForwardBias = fields.Flag("mlp_bias", false),
    };

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["attention_bias"] = AttentionBias;
        fields["mlp_bias"] = FeedForwardBias;
    }
}
