using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of Mistral (Jiang et al., 2023).</summary>
public sealed record MistralConfig : DecoderConfig
{
    /// <inheritdoc/>
    public override string ModelType => "mistral";

    /// <summary>How many tokens back each layer sees, the token itself included; null is to the beginning.</summary>
    public int? SlidingWindow { get; init; } = 4096;

    internal override DecoderOptions Options => new() { Window = _ => SlidingWindow };

    internal override void Check(string file)
    {
        base.Check(file);
        RequireWholeHeads(file);
        Require(SlidingWindow is null or >= 1, file, "sliding_window", "at least 1, or null", SlidingWindow ?? 0);
    }

    internal override MistralConfig Read(ConfigFields fields) =>
        ((MistralConfig)new MistralConfig { IntermediateSize = 14336, KeyValueHeadCount = 8, MaximumPositions = 131072 }.WithShared(fields)) with
        {
            SlidingWindow = fields.Has("sliding_window") ? fields.OptionalInt("sliding_window", 1, ConfigFields.MostTokens) : 4096,
        };

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["sliding_window"] = SlidingWindow;
    }
}
