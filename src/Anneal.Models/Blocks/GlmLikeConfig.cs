using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>What the configurations of GLM and GLM-4 (Zeng et al., 2024) have in common: half of each head is turned, features in neighbouring pairs.</summary>
public abstract record GlmLikeConfig : DecoderConfig
{
    private protected GlmLikeConfig()
    {
        (VocabularySize, IntermediateSize, KeyValueHeadCount, MaximumPositions, NormEpsilon) = (151552, 13696, 2, 131072, 1.5625e-07);
        Rope = new RopeParameters { PartialFactor = 0.5 };
    }

    /// <summary>Whether the products of queries, keys and values add a bias.</summary>
    public bool AttentionBias { get; init; } = true;

    internal override DecoderOptions Options => new()
    {
        QueryKeyValueBias = AttentionBias,
        HasFusedGate = true,
        Pairing = RotaryPairing.Interleaved,
    };

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["attention_bias"] = AttentionBias;

        // Written twice by others too: their releases before rope_parameters read it here.
        fields["partial_rotary_factor"] = Rope.PartialFactor;
    }

    private protected GlmLikeConfig ReadInto(ConfigFields fields) => (GlmLikeConfig)WithShared(fields, 128) with
    {
        AttentionBias = fields.Flag("attention_bias", true),
    };
}
