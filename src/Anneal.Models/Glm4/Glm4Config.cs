using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of GLM-4 (Zeng et al., 2024): half of each head is turned, features in neighbouring pairs.</summary>
public sealed record Glm4Config : DecoderConfig
{
    /// <summary>Makes a configuration with the defaults of the family.</summary>
    public Glm4Config()
    {
        (VocabularySize, IntermediateSize, KeyValueHeadCount, MaximumPositions, NormEpsilon) = (151552, 13696, 2, 131072, 1.5625e-07);
        Rope = new RopeParameters { PartialFactor = 0.5 };
    }

    /// <inheritdoc/>
    public override string ModelType => "glm4";

    /// <summary>Whether the products of queries, keys and values add a bias.</summary>
    public bool AttentionBias { get; init; } = true;

    internal override DecoderOptions Options => new()
    {
        QueryKeyValueBias = AttentionBias,
        HasFusedGate = true,
        NormalizesResults = true,
        Pairing = RotaryPairing.Interleaved,
    };

    internal override Glm4Config Read(ConfigFields fields) => ((Glm4Config)new Glm4Config().WithShared(fields, 128)) with
    {
        AttentionBias = fields.Flag("attention_bias", true),
    };

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["attention_bias"] = AttentionBias;

        // Written twice by others too: their releases before rope_parameters read it here.
        fields["partial_rotary_factor"] = Rope.PartialFactor;
    }
}
