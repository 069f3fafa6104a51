namespace Anneal.Models;

/// <summary>A layer of GPT-2: attention and a feed-forward network, each with a normalization before it, added to its input.</summary>
internal sealed class Gpt2Block : Block<DecoderPass>
{
    private readonly Dropout _dropout;

    internal Gpt2Block(Gpt2Config config, int layer, string name) : base(name)
    {
        Initializer initializer = new RandomNormal(0, config.InitializerRange);
        int dimension = config.HiddenSize / config.HeadCount;
        double scale = (config.ScaleAttention ? 1 / Math.Sqrt(dimension) : 1) / (config.ScaleAttentionByLayer ? layer + 1 : 1);
        AttentionNorm = Track(new LayerNormalization(epsilon: config.NormEpsilon, name: "attention_norm"));
        Attention = Track(new Attention(
            new AttentionOptions
            {
                Width = config.HiddenSize,
                Heads = config.HeadCount,
                KeyValueHeads = config.HeadCount,
                HeadDimension = dimension,
                IsFused = true,
                InputBias = true,
                OutputBias = true,
                Scale = scale,
                Dropout = config.AttentionDropout,
                Layer = layer,
                Initializer = initializer,
            },
            "attention"));
        FeedForwardNorm = Track(new LayerNormalization(epsilon: config.NormEpsilon, name: "feed_forward_norm"));
        FeedForward = Track(new PlainFeedForward(
            config.IntermediateSize ?? 4 * config.HiddenSize, config.HiddenSize, config.HiddenActivation, useBias: true, initializer, "feed_forward"));
        _dropout = Track(new Dropout(config.ResidualDropout));
    }

    internal LayerNormalization AttentionNorm { get; }

    internal Attention Attention { get; }

    internal LayerNormalization FeedForwardNorm { get; }

    internal PlainFeedForward FeedForward { get; }

    protected override Tensor Call(Tensor input, DecoderPass pass)
    {
        Tensor middle = input + _dropout.Apply(Attention.Apply(AttentionNorm.Apply(input), pass.CallOf(window: null)));
        return middle + _dropout.Apply(FeedForward.Apply(FeedForwardNorm.Apply(middle)));
    }
}
