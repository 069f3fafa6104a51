namespace Anneal.Models;

/// <summary>
/// A model that gives for each token of a text the logits of the next one. Inputs: tokens int32 or int64 <c>[batch, time]</c>, optionally an
/// attention mask <c>[batch, time]</c> of which what is not 0 counts, optionally positions <c>[batch, time]</c>, optionally segments
/// <c>[batch, time]</c>; output float32 <c>[batch, time, vocabulary]</c>. What stands before an input that is given must be given too when inputs
/// are listed, as <c>Fit</c> does.
/// </summary>
/// <remarks>
/// Without positions tokens are counted from 0; with an attention mask only those that count, so that a text gives the same logits with padding
/// on either side. Segments say which text of a row a token belongs to where several are packed into it: no text sees another one, so each gives
/// the same logits as alone, and 0 stands for no text. To train with <c>Fit</c>, give tokens 0 to n - 1 as input and tokens 1 to n as labels, or
/// packed texts as <see cref="Anneal.Data.PackedSequences.ToLanguageModelDataset"/> makes them.
/// </remarks>
public abstract class CausalLanguageModel : PretrainedModel
{
    private protected CausalLanguageModel(PretrainedConfig config, string? name) : base(config, name)
    {
    }

    /// <summary>The number of tokens.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The length of the longest text that the model was made for.</summary>
    public abstract int MaximumPositions { get; }

    /// <summary>
    /// How the publisher generates with the model: what <c>generation_config.json</c> of its folder says, or <c>config.json</c> where there is no such file.
    /// <see cref="PretrainedModel.SavePretrained(string, PretrainedSaveOptions?)"/> writes it again.
    /// </summary>
    /// <exception cref="ModelConfigException">A field has a wrong value, or asks for what is not supported.</exception>
    public GenerationOptions GenerationOptions
    {
        get => PublishedOptions;
        set => PublishedOptions = value;
    }

    private protected sealed override bool Generates => true;

    /// <summary>What a cache of keys and values holds for each token.</summary>
    internal abstract CacheExtents CacheExtents { get; }

    /// <summary>The logits of the next token for each token.</summary>
    /// <param name="ids">The tokens <c>[batch, time]</c>.</param>
    /// <param name="attentionMask">Which tokens count, <c>[batch, time]</c>; null is all.</param>
    /// <param name="positions">The positions <c>[batch, time]</c>; null counts the tokens that count, in each segment.</param>
    /// <param name="segments">Which text of its row each token belongs to, <c>[batch, time]</c>, 0 for none; null is one text a row.</param>
    /// <returns><c>[batch, time, vocabulary]</c>.</returns>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit, or the text is too long.</exception>
    public Tensor Apply(Tensor ids, Tensor? attentionMask = null, Tensor? positions = null, Tensor? segments = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return ApplyAll([ids], inputs => [Logits(Hidden(inputs[0], new DecoderPass(Tokens(inputs[0]), attentionMask, positions, segments)))])[0];
    }

    /// <summary>
    /// The logits of the next tokens of texts whose beginning is in a cache.
    /// </summary>
    /// <param name="ids">The next tokens <c>[batch, time]</c>.</param>
    /// <param name="positions">Their positions.</param>
    /// <param name="cache">What is remembered; it takes up the keys and values of these tokens.</param>
    /// <param name="only">Of which tokens the logits are computed: places in this pass, int32 or int64 <c>[count]</c>; null is all.</param>
    /// <returns><c>[batch, time or count, vocabulary]</c>.</returns>
    internal Tensor Apply(Tensor ids, Tensor positions, KeyValueCache cache, Tensor? only = null) => ApplyAll([ids], inputs =>
    {
        Tensor hidden = Hidden(inputs[0], new DecoderPass(Tokens(inputs[0]), positions, cache));
        return [Logits(only is null ? hidden : hidden.Gather(1, only))];
    })[0];

    /// <summary>
    /// The mean cross-entropy of each token given those before it, as it is defined for this kind of model: the logits of token i are compared
    /// with the label of token i + 1; labels of -100 do not count.
    /// </summary>
    /// <param name="logits">What the model gave, <c>[batch, time, vocabulary]</c>.</param>
    /// <param name="labels">Whole numbers <c>[batch, time]</c>, in most cases the tokens themselves.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The shapes do not fit, or there is only one token.</exception>
    public static Tensor ShiftedLoss(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        if (logits.Shape.Rank != 3 || labels.Shape != logits.Shape[..2] || labels.Shape[1] < 2)
            throw new ShapeException($"{nameof(ShiftedLoss)}: expects logits [batch, time, vocabulary] and labels [batch, time] of at least 2 tokens, but found {logits.Shape} and {labels.Shape}.");
        return TokenLoss.Of(logits.Narrow(1, 0, logits.Shape[1] - 1), labels.Narrow(1, 1, labels.Shape[1] - 1));
    }

    /// <summary>The features of each token, <c>[batch, time, width]</c>, of whole texts.</summary>
    /// <param name="ids">The tokens <c>[batch, time]</c>.</param>
    /// <param name="attentionMask">Which tokens count, <c>[batch, time]</c>.</param>
    internal Tensor Features(Tensor ids, Tensor attentionMask) =>
        ApplyAll([ids], inputs => [Hidden(inputs[0], new DecoderPass(Tokens(inputs[0]), attentionMask, positions: null))])[0];

    /// <summary>The features of each token after the last layer and its normalization.</summary>
    internal abstract Tensor Hidden(Tensor ids, DecoderPass pass);

    /// <summary>The logits of features.</summary>
    internal abstract Tensor Logits(Tensor hidden);

    /// <inheritdoc/>
    protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        RequireInputs(inputs, "tokens, attention mask, positions, segments");
        var pass = new DecoderPass(Tokens(inputs[0]), Given(1), Given(2), Given(3));
        return [Logits(Hidden(inputs[0], pass))];

        Tensor? Given(int index) => index < inputs.Count ? inputs[index] : null;
    }

    private protected override (int Least, int Most) InputCounts => (1, 4);

    internal override IReadOnlyList<TensorType> InputsToBuild => [new(DType.Int64, [Math.Min(4, MaximumPositions)])];
}
