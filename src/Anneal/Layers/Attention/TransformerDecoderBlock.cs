namespace Anneal;

/// <summary>
/// A block of a transformer that attends to an encoder's output: self-attention, cross-attention and a feed-forward part, each added to
/// its input and normalized (Vaswani et al., 2017). A block without an encoder is a causal <see cref="TransformerEncoderBlock"/>.
/// </summary>
/// <remarks>
/// Inputs: float32 <c>[batch, time, features]</c>, and the encoder's output <c>[batch, encoderTime, encoderFeatures]</c>; output
/// <c>[batch, time, features]</c>. The features divide among the heads. Masks that the two inputs carry are heeded. Parts and so the beginnings of the names of weights:
/// <c>self_attention</c>, <c>self_attention_norm</c>, <c>cross_attention</c>, <c>cross_attention_norm</c>, <c>feed_forward</c>,
/// <c>feed_forward_norm</c>.
/// </remarks>
public sealed class TransformerDecoderBlock : Layer
{
    private readonly TransformerOptions _options;
    private readonly MultiHeadAttention _self, _cross;
    private readonly Residual _attendSelf, _attendCross, _feed;
    private readonly FeedForward _feedForward;

    /// <summary>Makes the block.</summary>
    /// <param name="numHeads">The number of heads; at least 1.</param>
    /// <param name="feedForwardDimension">The hidden features of the feed-forward part; at least 1.</param>
    /// <param name="activation">The activation of the feed-forward part.</param>
    /// <param name="dropout">The probability with which weights of the attention, hidden features and what is added to the input are dropped in training.</param>
    /// <param name="preNorm">Whether the input of each part is normalized, or the sum of input and output.</param>
    /// <param name="epsilon">What is added to the variance, or the mean square; at least 0.</param>
    /// <param name="normalization">The kind of normalization.</param>
    /// <param name="gated">Whether the feed-forward part is gated.</param>
    /// <param name="useBias">Whether the products of all parts add a bias.</param>
    /// <param name="numKeyValueHeads">The number of heads of keys and values in both attentions; null is the number of heads, which it divides.</param>
    /// <param name="rotary">Rotary positions of self-attention; null is none.</param>
    /// <param name="causal">Whether self-attention reaches only to the step itself and those before it.</param>
    /// <param name="kernelInitializer">The first values of the kernels; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="returnAttentionScores">Whether the weights of the cross-attention <c>[batch, heads, time, encoderTime]</c>, before dropout, are a second output.</param>
    /// <param name="name">The name; null takes <c>transformer_decoder_block</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public TransformerDecoderBlock(
        int numHeads, int feedForwardDimension, Activation activation = Activation.Relu, double dropout = 0, bool preNorm = false,
        double epsilon = 1e-5, BlockNormalization normalization = BlockNormalization.Layer, bool gated = false, bool useBias = true,
        int? numKeyValueHeads = null, RotaryOptions? rotary = null, bool causal = true, Initializer? kernelInitializer = null,
        bool returnAttentionScores = false, string? name = null)
        : this(
            new TransformerOptions(
                numHeads, feedForwardDimension, activation, dropout, preNorm, epsilon, normalization, gated, useBias, numKeyValueHeads, rotary,
                causal, kernelInitializer ?? Initializer.GlorotUniform, returnAttentionScores),
            name)
    {
    }

    private TransformerDecoderBlock(TransformerOptions options, string? name) : base(name)
    {
        _options = options.Checked(nameof(TransformerDecoderBlock));
        _self = Track(options.SelfAttention("self_attention", scores: false));
        _attendSelf = new Residual(options, Track(options.Norm("self_attention_norm")), Track(new Dropout(options.Dropout, "self_attention_dropout")));
        _cross = Track(options.CrossAttention("cross_attention"));
        _attendCross = new Residual(options, Track(options.Norm("cross_attention_norm")), Track(new Dropout(options.Dropout, "cross_attention_dropout")));
        _feedForward = Track(options.FeedForward("feed_forward"));
        _feed = new Residual(options, Track(options.Norm("feed_forward_norm")), Track(new Dropout(options.Dropout, "feed_forward_dropout")));
    }

    /// <summary>Applies the block, inside of a trace or lazily.</summary>
    /// <param name="input">The input, <c>[batch, time, features]</c>.</param>
    /// <param name="encoded">The encoder's output, <c>[batch, encoderTime, encoderFeatures]</c>.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public Tensor Apply(Tensor input, Tensor encoded) => ApplyAll([input, encoded])[0];

    /// <summary>Applies the block, to describe a functional model.</summary>
    /// <param name="input">The input.</param>
    /// <param name="encoded">The encoder's output.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public LayerOutput Apply(LayerOutput input, LayerOutput encoded) => LayerCall.Connect(this, [input, encoded])[0];

    /// <summary>The output, and the weights of the cross-attention <c>[batch, heads, time, encoderTime]</c>.</summary>
    /// <param name="input">The input, <c>[batch, time, features]</c>.</param>
    /// <param name="encoded">The encoder's output, <c>[batch, encoderTime, encoderFeatures]</c>.</param>
    /// <exception cref="OptionException">The block was made without <c>returnAttentionScores</c>.</exception>
    public (Tensor Output, Tensor Scores) ApplyWithScores(Tensor input, Tensor encoded)
    {
        AttentionInputs.RequireScores(_options.ReturnAttentionScores, this);
        Tensor[] outputs = ApplyAll([input, encoded]);
        return (outputs[0], outputs[1]);
    }

    /// <summary>The output and the weights of the cross-attention, to describe a functional model.</summary>
    /// <param name="input">The input.</param>
    /// <param name="encoded">The encoder's output.</param>
    /// <exception cref="OptionException">The block was made without <c>returnAttentionScores</c>.</exception>
    public (LayerOutput Output, LayerOutput Scores) ApplyWithScores(LayerOutput input, LayerOutput encoded)
    {
        AttentionInputs.RequireScores(_options.ReturnAttentionScores, this);
        LayerOutput[] outputs = LayerCall.Connect(this, [input, encoded]);
        return (outputs[0], outputs[1]);
    }

    internal override Tensor[] Run(Tensor[] inputs)
    {
        if (inputs.Length != 2)
            throw new ShapeException($"Layer {Path} takes an input and an encoder's output, but the number of inputs is {inputs.Length}.");
        foreach (Tensor input in inputs)
        {
            Require.Rank(input.Shape, 3, this, "[batch, time, features]");
            Require.Floating(input, this);
        }

        Tensor? mask = MaskOf(inputs[0]), scores = null;
        Tensor attended = _attendSelf.Apply(inputs[0], _self.Apply);

        // The sum is a tensor of its own, and which of its steps count is still known.
        Masks.Attach(attended, mask);
        attended = _attendCross.Apply(attended, x =>
        {
            Tensor[] results = _cross.ApplyAll([x, inputs[1]]);
            scores = results.Length > 1 ? results[1] : null;
            return results[0];
        });
        Tensor output = _feed.Apply(attended, _feedForward.Apply);
        return scores is null ? [output] : [output, scores];
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input) => Run([input])[0];

    /// <summary>The mask of the first input belongs to the output; the weights of the attention have none.</summary>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(output);
        return output.Shape.Rank == 3 ? MaskOf(inputs[0]) : null;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => _options.Write(config);

    internal static TransformerDecoderBlock Read(LayerConfig config) => new(TransformerOptions.Read(config), null);
}
