namespace Anneal.Models;

/// <summary>How the layers of an encoder are built.</summary>
internal sealed record EncoderOptions
{
    internal required int Width { get; init; }

    internal required int Inner { get; init; }

    internal required int Heads { get; init; }

    internal required Activation Activation { get; init; }

    internal required double NormEpsilon { get; init; }

    /// <summary>Whether normalizations stand before attention and feed-forward network (vision transformers) instead of behind the sums (BERT).</summary>
    internal bool NormalizesFirst { get; init; }

    internal bool InputBias { get; init; } = true;

    internal double Dropout { get; init; }

    /// <summary>Whether dropout falls on the result of attention as on that of the feed-forward network; not in DistilBERT.</summary>
    internal bool DropsAttended { get; init; } = true;

    internal double AttentionDropout { get; init; }

    internal required Initializer Initializer { get; init; }
}

/// <summary>A layer of an encoder: attention and a feed-forward network, each added to its input and normalized before or after. The context is the mask of the keys.</summary>
internal sealed class EncoderBlock : Block<Tensor?>
{
    private readonly bool _normalizesFirst, _dropsAttended;
    private readonly Dropout _dropout;

    internal EncoderBlock(EncoderOptions options, string name) : base(name)
    {
        (_normalizesFirst, _dropsAttended) = (options.NormalizesFirst, options.DropsAttended);
        Attention = Track(new Attention(
            new AttentionOptions
            {
                Width = options.Width,
                Heads = options.Heads,
                KeyValueHeads = options.Heads,
                HeadDimension = options.Width / options.Heads,
                InputBias = options.InputBias,
                OutputBias = true,
                Dropout = options.AttentionDropout,
                Initializer = options.Initializer,
            },
            "attention"));
        AttentionNorm = Track(new LayerNormalization(epsilon: options.NormEpsilon, name: "attention_norm"));
        FeedForward = Track(new PlainFeedForward(options.Inner, options.Width, options.Activation, useBias: true, options.Initializer, "feed_forward"));
        FeedForwardNorm = Track(new LayerNormalization(epsilon: options.NormEpsilon, name: "feed_forward_norm"));
        _dropout = Track(new Dropout(options.Dropout));
    }

    internal Attention Attention { get; }

    internal LayerNormalization AttentionNorm { get; }

    internal PlainFeedForward FeedForward { get; }

    internal LayerNormalization FeedForwardNorm { get; }

    protected override Tensor Call(Tensor input, Tensor? mask)
    {
        var call = new AttentionCall(mask);
        if (_normalizesFirst)
        {
            Tensor attended = input + Drop(Attention.Apply(AttentionNorm.Apply(input), call));
            return attended + _dropout.Apply(FeedForward.Apply(FeedForwardNorm.Apply(attended)));
        }

        Tensor middle = AttentionNorm.Apply(input + Drop(Attention.Apply(input, call)));
        return FeedForwardNorm.Apply(middle + _dropout.Apply(FeedForward.Apply(middle)));
    }

    private Tensor Drop(Tensor attended) => _dropsAttended ? _dropout.Apply(attended) : attended;
}
