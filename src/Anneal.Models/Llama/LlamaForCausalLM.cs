namespace Anneal.Models;

/// <summary>Llama (Touvron et al., 2023) with a head for the next token.</summary>
public sealed class LlamaForCausalLM : LlamaLikeModel
{
    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public LlamaForCausalLM(LlamaConfig config, string? name = null) : base(config, name)
    {
    }

    /// <summary>What the model looks like.</summary>
    public new LlamaConfig Config => (LlamaConfig)base.Config;

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new LlamaForCausalLM Load(string folder, PretrainedLoadOptions? options = null) => Load<LlamaForCausalLM>(folder, options);
}
