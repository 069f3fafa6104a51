namespace Anneal.Models;

/// <summary>Mistral (Jiang et al., 2023) with a head for the next token.</summary>
public sealed class MistralForCausalLM : LlamaLikeModel
{
    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public MistralForCausalLM(MistralConfig config, string? name = null) : base(config, name)
    {
    }

    /// <summary>What the model looks like.</summary>
    public new MistralConfig Config => (MistralConfig)base.Config;

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new MistralForCausalLM Load(string folder, PretrainedLoadOptions? options = null) => Load<MistralForCausalLM>(folder, options);
}
