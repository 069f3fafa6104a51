namespace Anneal.Models;

/// <summary>GLM-4 of 2025 with a head for the next token.</summary>
public sealed class Glm4ForCausalLM : LlamaLikeModel
{
    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public Glm4ForCausalLM(Glm4Config config, string? name = null) : base(config, name)
    {
    }

    /// <summary>What the model looks like.</summary>
    public new Glm4Config Config => (Glm4Config)base.Config;

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new Glm4ForCausalLM Load(string folder, PretrainedLoadOptions? options = null) => Load<Glm4ForCausalLM>(folder, options);
}
