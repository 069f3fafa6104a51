namespace Anneal.Models;

/// <summary>How the layers of a decoder in the manner of Llama are built.</summary>
internal sealed record DecoderOptions
{
    /// <summary>Whether gate and up of the feed-forward network come from one product.</summary>
    internal bool HasFusedGate { get; init; }

    /// <summary>Whether the results of attention and feed-forward network are normalized as well, before they are added.</summary>
    internal bool NormalizesResults { get; init; }

    internal bool QueryKeyValueBias { get; init; }

    internal bool OutputBias { get; init; }

    internal bool FeedForwardBias { get; init; }

    /// <summary>Whether each head's queries and keys are normalized.</summary>
    internal bool NormalizesHeads { get; init; }

    internal RotaryPairing Pairing { get; init; } = RotaryPairing.Halves;

    /// <summary>How far back each layer sees; null is to the beginning.</summary>
    internal Func<int, int?> Window { get; init; } = _ => null;
}

/// <summary>
/// A layer of a decoder: attention and a gated feed-forward network, each normalized by its root mean square before and, in GLM-4, after, and
/// added to its input.
/// </summary>
internal sealed class DecoderBlock : Block<DecoderPass>
{
    private readonly int? _window;

    internal DecoderBlock(DecoderConfig config, DecoderOptions options, int layer, string name) : base(name)
    {
        Initializer initializer = new RandomNormal(0, config.InitializerRange);
        _window = options.Window(layer);
        InputNorm = Track(new RmsNormalization(epsilon: config.NormEpsilon, name: "input_norm"));
        Attention = Track(new Attention(
            new AttentionOptions
            {
                Width = config.HiddenSize,
                Heads = config.HeadCount,
                KeyValueHeads = config.KeyValueHeadCount,
                HeadDimension = config.HeadDimension,
                InputBias = options.QueryKeyValueBias,
                OutputBias = options.OutputBias,
                Dropout = config.AttentionDropout,
                HeadNormEpsilon = options.NormalizesHeads ? config.NormEpsilon : null,
                Layer = layer,
                Initializer = initializer,
            },
            "attention"));
        AttentionNorm = options.NormalizesResults ? Track(new RmsNormalization(epsilon: config.NormEpsilon, name: "attention_norm")) : null;
        FeedForwardNorm = Track(new RmsNormalization(epsilon: config.NormEpsilon, name: "feed_forward_input_norm"));
        FeedForward = Track(new GatedFeedForward(
            config.IntermediateSize, config.HiddenSize, config.HiddenActivation, options.FeedForwardBias, options.HasFusedGate, initializer, "feed_forward"));
        ResultNorm = options.NormalizesResults ? Track(new RmsNormalization(epsilon: config.NormEpsilon, name: "feed_forward_norm")) : null;
    }

    internal RmsNormalization InputNorm { get; }

    internal Attention Attention { get; }

    internal RmsNormalization? AttentionNorm { get; }

    internal RmsNormalization FeedForwardNorm { get; }

    internal GatedFeedForward FeedForward { get; }

    internal RmsNormalization? ResultNorm { get; }

    /// <summary>The angles of a pass, which all layers share.</summary>
    internal required Func<DecoderPass, RotaryTables> Rotary { private get; init; }

    protected override Tensor Call(Tensor input, DecoderPass pass)
    {
        Tensor attended = Attention.Apply(InputNorm.Apply(input), pass.CallOf(_window) with { Rotary = Rotary(pass) });
        Tensor middle = input + (AttentionNorm is null ? attended : AttentionNorm.Apply(attended));
        Tensor result = FeedForward.Apply(FeedForwardNorm.Apply(middle));
        return middle + (ResultNorm is null ? result : ResultNorm.Apply(result));
    }
}
