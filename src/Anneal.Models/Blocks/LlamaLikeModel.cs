namespace Anneal.Models;

/// <summary>A causal language model with the layers of Llama or of one of its relatives.</summary>
public abstract class LlamaLikeModel : CausalLanguageModel
{
    private readonly DecoderConfig _config;
    private readonly Embedding _embedding;
    private readonly DecoderBlock[] _blocks;
    private readonly RmsNormalization _norm;
    private readonly Dense? _head;

    private protected LlamaLikeModel(DecoderConfig config, string? name) : base(config, name)
    {
        _config = config;
        Initializer initializer = new RandomNormal(0, config.InitializerRange);
        DecoderOptions options = config.Options;
        var rotary = new Rotary(config.Rope, config.HeadDimension, config.MaximumPositions, options.Pairing);
        _embedding = Track(new Embedding(config.VocabularySize, config.HiddenSize, initializer, name: "embedding"));
        _blocks = new DecoderBlock[config.LayerCount];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = Track(new DecoderBlock(config, options, i, FormattableString.Invariant($"layer_{i}")) { Rotary = pass => pass.Turn(rotary) });
        _norm = Track(new RmsNormalization(epsilon: config.NormEpsilon, name: "norm"));
        _head = config.TieWordEmbeddings ? null : Track(new Dense(config.VocabularySize, useBias: false, kernelInitializer: initializer, name: "head"));
    }

    /// <inheritdoc/>
    public override int VocabularySize => _config.VocabularySize;

    /// <inheritdoc/>
    public override int MaximumPositions => _config.MaximumPositions;

    internal override CacheExtents CacheExtents => new(_config.LayerCount, _config.KeyValueHeadCount, _config.HeadDimension);

    internal override string BodyPrefix => "model";

    internal override Tensor Hidden(Tensor ids, DecoderPass pass)
    {
        Tensor hidden = TokenEmbedding.Rows(_embedding, ids, _config.PaddingId);
        foreach (DecoderBlock block in _blocks)
            hidden = block.Apply(hidden, pass);
        return _norm.Apply(hidden);
    }

    internal override Tensor Logits(Tensor hidden) => _head is null ? _embedding.Project(hidden) : _head.Apply(hidden);

    internal override void MapWeights(WeightTable table)
    {
        table.Embedding("model.embed_tokens.weight", _embedding);
        for (int i = 0; i < _blocks.Length; i++)
            MapBlock(table, FormattableString.Invariant($"model.layers.{i}"), _blocks[i]);
        table.Rms("model.norm.weight", _norm);
        if (_head is null)
            table.Tied("lm_head.weight", "model.embed_tokens.weight");
        else
            table.Linear("lm_head", _head);
        table.Ignore("rotary_emb.inv_freq");
    }

    private static void MapBlock(WeightTable table, string prefix, DecoderBlock block)
    {
        Attention attention = block.Attention;
        table.Rms($"{prefix}.input_layernorm.weight", block.InputNorm);
        table.Linear($"{prefix}.self_attn.q_proj", attention.Query!);
        table.Linear($"{prefix}.self_attn.k_proj", attention.Key!);
        table.Linear($"{prefix}.self_attn.v_proj", attention.Value!);
        table.Linear($"{prefix}.self_attn.o_proj", attention.Output);
        if (attention.QueryNorm is not null)
        {
            table.Rms($"{prefix}.self_attn.q_norm.weight", attention.QueryNorm);
            table.Rms($"{prefix}.self_attn.k_norm.weight", attention.KeyNorm!);
        }

        table.Rms($"{prefix}.post_attention_layernorm.weight", block.FeedForwardNorm);
        if (block.AttentionNorm is not null)
        {
            table.Rms($"{prefix}.post_self_attn_layernorm.weight", block.AttentionNorm);
            table.Rms($"{prefix}.post_mlp_layernorm.weight", block.ResultNorm!);
        }

        if (block.FeedForward.Fused is { } fused)
        {
            table.Linear($"{prefix}.mlp.gate_up_proj", fused);
        }
        else
        {
            table.Linear($"{prefix}.mlp.gate_proj", block.FeedForward.Gate!);
            table.Linear($"{prefix}.mlp.up_proj", block.FeedForward.Up!);
        }

        table.Linear($"{prefix}.mlp.down_proj", block.FeedForward.Down);
    }
}
