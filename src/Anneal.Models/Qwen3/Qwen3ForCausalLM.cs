namespace Anneal.Models;

/// <summary>Qwen3 with a head for the next token.</summary>
public sealed class Qwen3ForCausalLM : LlamaLikeModel
{
    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public Qwen3ForCausalLM(Qwen3Config config, string? name = null) : base(config, name)
    {
    }

    /// <summary>What the model looks like.</summary>
    public new Qwen3Config Config => (Qwen3Config)base.Config;

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new Qwen3ForCausalLM Load(string folder, PretrainedLoadOptions? options = null) => Load<Qwen3ForCausalLM>(folder, options);
}
