using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of GLM (Zeng et al., 2024): half of each head is turned, features in neighbouring pairs.</summary>
public sealed record GlmConfig : DecoderConfig
{
    /// <summary>Makes a configuration with the defaults of the family.</summary>
    public GlmConfig()
    {
        (VocabularySize, IntermediateSize, KeyValueHeadCount, MaximumPositions, NormEpsilon) = (151552, 13696, 2, 131072, 1.5625e-07);
        Rope = new RopeParameters { PartialFactor = 0.5 };
    }

    /// <inheritdoc/>
    public override string ModelType => "glm";

    /// <summary>Whether the products of queries, keys and values add a bias.</summary>
    public bool AttentionBias { get; init; } = true;

    internal override DecoderOptions Options => new()
    {
        QueryKeyValueBias = AttentionBias,
        HasFusedGate = true,
        Pairing = RotaryPairing.Interleaved,
    };

    internal override GlmConfig Read(ConfigFields fields) => ((GlmConfig)new GlmConfig().WithShared(fields, 128)) with
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
