namespace Anneal.Models;

/// <summary>The configuration of GLM (Zeng et al., 2024).</summary>
public sealed record GlmConfig : GlmLikeConfig
{
    /// <summary>Makes a configuration with the defaults of the family.</summary>
    public GlmConfig()
    {
    }

    /// <inheritdoc/>
    public override string ModelType => "glm";

    internal override GlmConfig Read(ConfigFields fields) => (GlmConfig)new GlmConfig().ReadInto(fields);
}
