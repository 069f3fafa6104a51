namespace Anneal.Models;

/// <summary>What a layer of T5 is given.</summary>
/// <param name="Own">Bias and mask of the attention to the layer's own sequence, added to the scores.</param>
internal sealed record T5Call(Tensor Own)
{
    /// <summary>What the encoder gave; null in the encoder.</summary>
    internal Tensor? Memory { get; init; }

    /// <summary>The mask of the memory's keys; null where all count.</summary>
    internal Tensor? MemoryMask { get; init; }

    /// <summary>Keys and values of the memory for each layer, computed before; null computes them.</summary>
    internal IReadOnlyList<(Tensor Keys, Tensor Values)>? Projected { get; init; }

    internal KeyValueCache? Cache { get; init; }
}

/// <summary>A layer of T5: attention, in the decoder attention to the encoder, and a feed-forward network, each normalized before and added.</summary>
internal sealed class T5Block : Block<T5Call>
{
    private readonly Dropout _dropout;
    private readonly int _layer;

    internal T5Block(T5Config config, int layer, bool isDecoder, string name) : base(name)
    {
        _layer = layer;
        double factor = config.InitializerFactor;
        _dropout = Track(new Dropout(config.DropoutRate));
        Attention = Attend("attention");
        AttentionNorm = Norm("attention_norm");
        if (isDecoder)
        {
            CrossAttention = Attend("cross_attention");
            CrossNorm = Norm("cross_attention_norm");
        }

        Initializer initializer = new RandomNormal(0, factor / Math.Sqrt(config.HiddenSize));
        if (config.IsGated)
        {
            Gated = Track(new GatedFeedForward(
                config.IntermediateSize, config.HiddenSize, config.HiddenActivation, useBias: false, isFused: false, initializer, "feed_forward", config.DropoutRate));
        }
        else
        {
            Plain = Track(new PlainFeedForward(
                config.IntermediateSize, config.HiddenSize, config.HiddenActivation, useBias: false, initializer, "feed_forward", config.DropoutRate));
        }

        FeedForwardNorm = Norm("feed_forward_norm");

        Attention Attend(string attentionName) => Track(new Attention(
            new AttentionOptions
            {
                Width = config.HiddenSize,
                Heads = config.HeadCount,
                KeyValueHeads = config.HeadCount,
                HeadDimension = config.HeadDimension,
                Scale = 1,
                Dropout = config.DropoutRate,
                Layer = layer,
                Initializer = new RandomNormal(0, factor / Math.Sqrt(config.HiddenSize)),
            },
            attentionName));

        RmsNormalization Norm(string normName) => Track(new RmsNormalization(epsilon: config.NormEpsilon, name: normName));
    }

    internal Attention Attention { get; }

    internal RmsNormalization AttentionNorm { get; }

    internal Attention? CrossAttention { get; }

    internal RmsNormalization? CrossNorm { get; }

    internal GatedFeedForward? Gated { get; }

    internal PlainFeedForward? Plain { get; }

    internal RmsNormalization FeedForwardNorm { get; }

    protected override Tensor Call(Tensor input, T5Call call)
    {
        Tensor hidden = input + _dropout.Apply(Attention.Apply(AttentionNorm.Apply(input), new AttentionCall(call.Own) { Cache = call.Cache }));
        if (CrossAttention is not null)
        {
            var cross = new AttentionCall(call.MemoryMask) { Memory = call.Memory, Projected = call.Projected?[_layer] };
            hidden += _dropout.Apply(CrossAttention.Apply(CrossNorm!.Apply(hidden), cross));
        }

        Tensor normal = FeedForwardNorm.Apply(hidden);
        return hidden + _dropout.Apply(Gated is null ? Plain!.Apply(normal) : Gated.Apply(normal));
    }
}
