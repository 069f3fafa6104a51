namespace Anneal;

/// <summary>
/// A block of a transformer: self-attention and a feed-forward part, each added to its input and normalized (Vaswani et al., 2017). With
/// <c>causal: true</c> it is a block of a language model; that of Llama is causal, with pre-norm, root mean squares, a gate with
/// <see cref="Activation.Silu"/>, rotary positions and no bias.
/// </summary>
/// <remarks>
/// Input float32 <c>[batch, time, features]</c>, and optionally an attention mask as for <see cref="MultiHeadAttention"/>; output of the
/// same shape. The features divide among the heads. Parts and so the beginnings of the names of weights: <c>attention</c>,
/// <c>attention_norm</c>, <c>feed_forward</c>, <c>feed_forward_norm</c>.
/// </remarks>
public sealed class TransformerEncoderBlock : Layer
{
    private readonly TransformerOptions _options;
    private readonly MultiHeadAttention _attention;
    private readonly Residual _attend, _feed;
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
    /// <param name="useBias">Whether the products of both parts add a bias.</param>
    /// <param name="numKeyValueHeads">The number of heads of keys and values; null is the number of heads, which it divides.</param>
    /// <param name="rotary">Rotary positions; null is none.</param>
    /// <param name="causal">Whether a step attends only to itself and those before it.</param>
    /// <param name="kernelInitializer">The first values of the kernels; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="returnAttentionScores">Whether the weights of the attention <c>[batch, heads, time, time]</c>, before dropout, are a second output.</param>
    /// <param name="name">The name; null takes <c>transformer_encoder_block</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public TransformerEncoderBlock(
        int numHeads, int feedForwardDimension, Activation activation = Activation.Relu, double dropout = 0, bool preNorm = false,
        double epsilon = 1e-5, BlockNormalization normalization = BlockNormalization.Layer, bool gated = false, bool useBias = true,
        int? numKeyValueHeads = null, RotaryOptions? rotary = null, bool causal = false, Initializer? kernelInitializer = null,
        bool returnAttentionScores = false, string? name = null)
        : this(
            new TransformerOptions(
                numHeads, feedForwardDimension, activation, dropout, preNorm, epsilon, normalization, gated, useBias, numKeyValueHeads, rotary,
                causal, kernelInitializer ?? Initializer.GlorotUniform, returnAttentionScores),
            name)
    {
    }

    private TransformerEncoderBlock(TransformerOptions options, string? name) : base(name)
    {
        _options = options.Checked(nameof(TransformerEncoderBlock));
        _attention = Track(options.SelfAttention("attention", options.ReturnAttentionScores));
        _attend = new Residual(options, Track(options.Norm("attention_norm")), Track(new Dropout(options.Dropout, "attention_dropout")));
        _feedForward = Track(options.FeedForward("feed_forward"));
        _feed = new Residual(options, Track(options.Norm("feed_forward_norm")), Track(new Dropout(options.Dropout, "feed_forward_dropout")));
    }

    /// <summary>The attention of the block.</summary>
    public MultiHeadAttention Attention => _attention;

    /// <summary>Applies the block with an attention mask, inside of a trace or lazily.</summary>
    /// <param name="input">The input, <c>[batch, time, features]</c>.</param>
    /// <param name="attentionMask">Which pairs count, bool or float32 <c>[batch, time, time]</c>; null is all that the mask of the input leaves.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public Tensor Apply(Tensor input, Tensor? attentionMask) => ApplyAll(attentionMask is null ? [input] : [input, attentionMask])[0];

    /// <summary>Applies the block with an attention mask, to describe a functional model.</summary>
    /// <param name="input">The input.</param>
    /// <param name="attentionMask">Which pairs count; null is all that the mask of the input leaves.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public LayerOutput Apply(LayerOutput input, LayerOutput? attentionMask) =>
        LayerCall.Connect(this, attentionMask is null ? [input] : [input, attentionMask])[0];

    /// <summary>The output, and the weights of the attention <c>[batch, heads, time, time]</c>.</summary>
    /// <param name="input">The input, <c>[batch, time, features]</c>.</param>
    /// <param name="attentionMask">Which pairs count; null is all that the mask of the input leaves.</param>
    /// <exception cref="OptionException">The block was made without <c>returnAttentionScores</c>.</exception>
    public (Tensor Output, Tensor Scores) ApplyWithScores(Tensor input, Tensor? attentionMask = null)
    {
        AttentionInputs.RequireScores(_options.ReturnAttentionScores, this);
        Tensor[] outputs = ApplyAll(attentionMask is null ? [input] : [input, attentionMask]);
        return (outputs[0], outputs[1]);
    }

    /// <summary>The output and the weights of the attention, to describe a functional model.</summary>
    /// <param name="input">The input.</param>
    /// <param name="attentionMask">Which pairs count; null is all that the mask of the input leaves.</param>
    /// <exception cref="OptionException">The block was made without <c>returnAttentionScores</c>.</exception>
    public (LayerOutput Output, LayerOutput Scores) ApplyWithScores(LayerOutput input, LayerOutput? attentionMask = null)
    {
        AttentionInputs.RequireScores(_options.ReturnAttentionScores, this);
        LayerOutput[] outputs = LayerCall.Connect(this, attentionMask is null ? [input] : [input, attentionMask]);
        return (outputs[0], outputs[1]);
    }

    internal override Tensor[] Run(Tensor[] inputs)
    {
        if (inputs.Length is < 1 or > 2)
            throw new ShapeException($"Layer {Path} takes an input and an attention mask, but {inputs.Length} were given.");
        Require.Rank(inputs[0].Shape, 3, this, "[batch, time, features]");
        Require.Floating(inputs[0], this);
        Tensor? scores = null;
        Tensor attended = _attend.Apply(inputs[0], x =>
        {
            Tensor[] results = _attention.ApplyAll(inputs.Length == 1 ? [x] : [x, x, x, inputs[1]]);
            scores = results.Length > 1 ? results[1] : null;
            return results[0];
        });
        Tensor output = _feed.Apply(attended, _feedForward.Apply);
        return scores is null ? [output] : [output, scores];
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input) => Run([input])[0];

    /// <summary>The mask of the input belongs to the output; the weights of the attention have none.</summary>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(output);
        return output.Shape.Rank == 3 ? MaskOf(inputs[0]) : null;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => _options.Write(config);

    internal static TransformerEncoderBlock Read(LayerConfig config) => new(TransformerOptions.Read(config), null);
}

/// <summary>Adds what a part of a transformer block gives to its input, with dropout, and normalizes before or after.</summary>
internal sealed class Residual(TransformerOptions options, Layer norm, Dropout dropout)
{
    internal Tensor Apply(Tensor input, Func<Tensor, Tensor> part) => options.PreNorm
        ? input + dropout.Apply(part(norm.Apply(input)))
        : norm.Apply(input + dropout.Apply(part(input)));
}
