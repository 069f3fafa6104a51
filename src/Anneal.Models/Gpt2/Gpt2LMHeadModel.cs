namespace Anneal.Models;

/// <summary>GPT-2 (Radford et al., 2019) with a head for the next token.</summary>
public sealed class Gpt2LMHeadModel : CausalLanguageModel
{
    private readonly Embedding _tokens, _positions;
    private readonly Gpt2Block[] _blocks;
    private readonly LayerNormalization _norm;
    private readonly Dropout _dropout;
    private readonly Dense? _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public Gpt2LMHeadModel(Gpt2Config config, string? name = null) : base(config, name)
    {
        Initializer initializer = new RandomNormal(0, config.InitializerRange);
        _tokens = Track(new Embedding(config.VocabularySize, config.HiddenSize, initializer, name: "tokens"));
        _positions = Track(new Embedding(config.MaximumPositions, config.HiddenSize, initializer, name: "positions"));
        _dropout = Track(new Dropout(config.EmbeddingDropout));
        _blocks = new Gpt2Block[config.LayerCount];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = Track(new Gpt2Block(config, i, FormattableString.Invariant($"layer_{i}")));
        _norm = Track(new LayerNormalization(epsilon: config.NormEpsilon, name: "norm"));
        _head = config.TieWordEmbeddings ? null : Track(new Dense(config.VocabularySize, useBias: false, kernelInitializer: initializer, name: "head"));
    }

    /// <summary>The name of the architecture in configurations.</summary>
    public override string TypeName => "GPT2LMHeadModel";

    /// <summary>What the model looks like.</summary>
    public new Gpt2Config Config => (Gpt2Config)base.Config;

    /// <inheritdoc/>
    public override int VocabularySize => Config.VocabularySize;

    /// <inheritdoc/>
    public override int MaximumPositions => Config.MaximumPositions;

    internal override CacheExtents CacheExtents => new(Config.LayerCount, Config.HeadCount, Config.HiddenSize / Config.HeadCount);

    internal override string BodyPrefix => "transformer";

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new Gpt2LMHeadModel Load(string folder, PretrainedLoadOptions? options = null) => Load<Gpt2LMHeadModel>(folder, options);

    internal override Tensor Hidden(Tensor ids, DecoderPass pass)
    {
        if (pass.KnownLength > Config.MaximumPositions)
            throw new ShapeException($"The model {Name} has positions for texts of at most {Config.MaximumPositions} tokens, but found {pass.KnownLength}.");
        Tensor hidden = _dropout.Apply(_tokens.Apply(ids) + _positions.Apply(pass.Positions));
        foreach (Gpt2Block block in _blocks)
            hidden = block.Apply(hidden, pass);
        return _norm.Apply(hidden);
    }

    internal override Tensor Logits(Tensor hidden) => _head is null ? _tokens.Project(hidden) : _head.Apply(hidden);

    internal override void MapWeights(WeightTable table)
    {
        table.Embedding("transformer.wte.weight", _tokens);
        table.Embedding("transformer.wpe.weight", _positions);
        for (int i = 0; i < _blocks.Length; i++)
        {
            string prefix = FormattableString.Invariant($"transformer.h.{i}");
            Gpt2Block block = _blocks[i];
            table.Norm(prefix + ".ln_1", block.AttentionNorm);
            table.InputsFirst(prefix + ".attn.c_attn", block.Attention.Fused!);
            table.InputsFirst(prefix + ".attn.c_proj", block.Attention.Output);
            table.Norm(prefix + ".ln_2", block.FeedForwardNorm);
            table.InputsFirst(prefix + ".mlp.c_fc", block.FeedForward.Inner);
            table.InputsFirst(prefix + ".mlp.c_proj", block.FeedForward.Outer);
        }

        table.Norm("transformer.ln_f", _norm);
        if (_head is null)
            table.Tied("lm_head.weight", "transformer.wte.weight");
        else
            table.Linear("lm_head", _head);
        table.Ignore(".attn.bias");
        table.Ignore(".attn.masked_bias");
    }
}
