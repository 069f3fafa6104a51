namespace Anneal.Models;

/// <summary>The configuration of GLM-4 (Zeng et al., 2024), which also normalizes what attention and feed-forward networks give.</summary>
public sealed record Glm4Config : GlmLikeConfig
{
    /// <summary>Makes a configuration with the defaults of the family.</summary>
    public Glm4Config()
    {
    }

    /// <inheritdoc/>
    public override string ModelType => "glm4";

    internal override DecoderOptions Options => base.Options with { NormalizesResults = true };

    internal override Glm4Config Read(ConfigFields fields) => (Glm4Config)new Glm4Config().ReadInto(fields);
}
