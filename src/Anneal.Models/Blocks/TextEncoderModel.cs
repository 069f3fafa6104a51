namespace Anneal.Models;

/// <summary>
/// A model with an encoder of texts and a head. Inputs: tokens int32 or int64 <c>[batch, time]</c>, optionally an attention mask
/// <c>[batch, time]</c> of which what is not 0 counts, segments <c>[batch, time]</c> and positions <c>[batch, time]</c>, in this order. What stands
/// before an input that is given must be given too when inputs are listed, as <c>Fit</c> does.
/// </summary>
public abstract class TextEncoderModel : PretrainedModel
{
    private readonly TextEncoder _encoder;

    private protected TextEncoderModel(ClassifierConfig config, TextEncoderOptions options, string? name) : base(config, name) =>
        _encoder = Track(new TextEncoder(options, "encoder"));

    internal TextEncoder Encoder => _encoder;

    /// <summary>What the head gives.</summary>
    /// <param name="ids">The tokens <c>[batch, time]</c>.</param>
    /// <param name="attentionMask">Which tokens count, <c>[batch, time]</c>; null is all.</param>
    /// <param name="tokenTypes">The segment of each token, <c>[batch, time]</c>; null is 0.</param>
    /// <param name="positions">The positions <c>[batch, time]</c>; null counts them.</param>
    /// <returns>The output of the model; the first one where it has several.</returns>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit, or the text is too long.</exception>
    public Tensor Apply(Tensor ids, Tensor? attentionMask = null, Tensor? tokenTypes = null, Tensor? positions = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return ApplyAll([ids], inputs => Outputs(inputs[0], new TextInputs(attentionMask, tokenTypes, positions)))[0];
    }

    /// <summary>The features of each token, <c>[batch, time, width]</c>.</summary>
    /// <param name="ids">The tokens <c>[batch, time]</c>.</param>
    /// <param name="attentionMask">Which tokens count, <c>[batch, time]</c>.</param>
    internal Tensor Features(Tensor ids, Tensor attentionMask) =>
        ApplyAll([ids], inputs => [_encoder.Apply(Tokens(inputs[0]), new TextInputs(attentionMask, null, null))])[0];

    /// <summary>The features of each text's first token.</summary>
    private protected static Tensor First(Tensor hidden) => hidden.Narrow(1, 0, 1).Reshape(hidden.Shape[0], hidden.Shape[2]);

    /// <summary>What the head makes of the features of all tokens.</summary>
    private protected abstract Tensor[] Head(Tensor hidden);

    /// <inheritdoc/>
    protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        RequireInputs(inputs, "tokens, attention mask, segments, positions");
        return Outputs(inputs[0], new TextInputs(Given(inputs, 1), Given(inputs, 2), Given(inputs, 3)));
    }

    private protected override (int Least, int Most) InputCounts => (1, 4);

    // Heads may give several outputs for one input.
    internal override Tensor[] Run(Tensor[] inputs) => [.. Call(inputs)];

    internal override IReadOnlyList<TensorType> InputsToBuild => [new(DType.Int64, [1])];

    private static Tensor? Given(IReadOnlyList<Tensor> inputs, int index) => index < inputs.Count ? inputs[index] : null;

    private Tensor[] Outputs(Tensor ids, TextInputs inputs) => Head(_encoder.Apply(Tokens(ids), inputs));
}
