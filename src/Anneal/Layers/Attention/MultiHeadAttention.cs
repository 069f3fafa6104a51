namespace Anneal;

/// <summary>
/// Multi-head attention (Vaswani et al., 2017): queries, keys and values are projected for several heads, each of which attends by itself;
/// their results are joined and projected back to the features of the query.
/// </summary>
/// <remarks>
/// <para>
/// Inputs: query float32 <c>[batch, queries, features]</c>, value and key <c>[batch, keys, ...]</c>, attention mask broadcasting to
/// <c>[batch, heads, queries, keys]</c> (of three axes: <c>[batch, queries, keys]</c>), bool (true: may attend) or float32 (added to the scores). One input attends
/// to itself; without a key the value serves as one. Output <c>[batch, queries, features]</c>.
/// </para>
/// <para>
/// Weights: <c>query/kernel</c> <c>[features, heads · keyDimension]</c>, <c>key/kernel</c> <c>[features, keyValueHeads · keyDimension]</c>,
/// <c>value/kernel</c> <c>[features, keyValueHeads · valueDimension]</c>, <c>output/kernel</c> <c>[heads · valueDimension, features]</c>,
/// the heads one after another, and a bias beside each.
/// </para>
/// <para>
/// Masks that the inputs carry (<see cref="Embedding"/> of padded text) are heeded: padding is not attended to and attends to nothing,
/// so the output at a padded query is the bias of the output.
/// </para>
/// </remarks>
public sealed class MultiHeadAttention : Layer
{
    private readonly Projection _query, _key, _value, _output;
    private readonly Initializer _kernelInitializer, _biasInitializer;

    /// <summary>Makes the layer.</summary>
    /// <param name="numHeads">The number of heads; at least 1.</param>
    /// <param name="keyDimension">The features of a query and key in each head; null divides those of the query among the heads.</param>
    /// <param name="valueDimension">The features of a value in each head; null is those of a key.</param>
    /// <param name="numKeyValueHeads">The number of heads of keys and values, each shared by a group of query heads; null is the number of heads, which it divides.</param>
    /// <param name="dropout">The probability with which a weight of the attention is dropped in training, at least 0 and below 1.</param>
    /// <param name="useBias">Whether the four projections add a bias.</param>
    /// <param name="causal">Whether a step attends only to itself and those before it.</param>
    /// <param name="rotary">Turns queries and keys by their positions, which are counted from 0; null leaves them.</param>
    /// <param name="kernelInitializer">The first values of the kernels; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="biasInitializer">The first values of the biases; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="returnAttentionScores">Whether the weights of the attention <c>[batch, heads, queries, keys]</c>, before dropout, are a second output.</param>
    /// <param name="name">The name; null takes <c>multi_head_attention</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public MultiHeadAttention(
        int numHeads, int? keyDimension = null, int? valueDimension = null, int? numKeyValueHeads = null, double dropout = 0, bool useBias = true,
        bool causal = false, RotaryOptions? rotary = null, Initializer? kernelInitializer = null, Initializer? biasInitializer = null,
        bool returnAttentionScores = false, string? name = null)
        : base(name)
    {
        const string Me = nameof(MultiHeadAttention);
        NumHeads = Require.AtLeastOne(numHeads, Me, nameof(numHeads));
        KeyDimension = keyDimension is { } keySize ? Require.AtLeastOne(keySize, Me, nameof(keyDimension)) : null;
        ValueDimension = valueDimension is { } valueSize ? Require.AtLeastOne(valueSize, Me, nameof(valueDimension)) : null;
        NumKeyValueHeads = Require.AtLeastOne(numKeyValueHeads ?? numHeads, Me, nameof(numKeyValueHeads));
        if (numHeads % NumKeyValueHeads != 0)
            throw new OptionException($"{Me}: {nameof(numKeyValueHeads)} must divide the {numHeads} heads, but is {NumKeyValueHeads}.");
        Dropout = Require.Within(dropout, 0, 1, Me, nameof(dropout));
        (UseBias, Causal, Rotary, ReturnAttentionScores) = (useBias, causal, rotary, returnAttentionScores);
        _kernelInitializer = kernelInitializer ?? Initializer.GlorotUniform;
        _biasInitializer = biasInitializer ?? Initializer.Zeros;
        _query = Track(new Projection(useBias, _kernelInitializer, _biasInitializer, "query"));
        _key = Track(new Projection(useBias, _kernelInitializer, _biasInitializer, "key"));
        _value = Track(new Projection(useBias, _kernelInitializer, _biasInitializer, "value"));
        _output = Track(new Projection(useBias, _kernelInitializer, _biasInitializer, "output"));
    }

    /// <summary>The number of heads of queries.</summary>
    public int NumHeads { get; }

    /// <summary>The features of a query and key in each head; null where those of the query are divided among the heads.</summary>
    public int? KeyDimension { get; }

    /// <summary>The features of a value in each head; null where they are those of a key.</summary>
    public int? ValueDimension { get; }

    /// <summary>The number of heads of keys and values.</summary>
    public int NumKeyValueHeads { get; }

    /// <summary>The probability with which a weight of the attention is dropped in training.</summary>
    public double Dropout { get; }

    /// <summary>Whether the projections add a bias.</summary>
    public bool UseBias { get; }

    /// <summary>Whether a step attends only to itself and those before it.</summary>
    public bool Causal { get; }

    /// <summary>How queries and keys are turned by their positions; null where they are not.</summary>
    public RotaryOptions? Rotary { get; }

    /// <summary>Whether the weights of the attention are a second output.</summary>
    public bool ReturnAttentionScores { get; }

    /// <summary>Attends from a query to a value, inside of a trace or lazily.</summary>
    /// <param name="query">What asks, <c>[batch, queries, features]</c>.</param>
    /// <param name="value">What is summed, <c>[batch, keys, ...]</c>.</param>
    /// <param name="key">What is compared with the query, <c>[batch, keys, ...]</c>; null is the value.</param>
    /// <param name="attentionMask">Which pairs count, bool or float32; null is all that the masks of the inputs leave.</param>
    /// <returns>The output <c>[batch, queries, features]</c>.</returns>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    /// <exception cref="DTypeException">An input has a data type that the layer cannot take.</exception>
    public Tensor Apply(Tensor query, Tensor value, Tensor? key = null, Tensor? attentionMask = null) =>
        ApplyAll(Arguments(query, value, key, attentionMask))[0];

    /// <summary>Attends from a query to a value, to describe a functional model. Nothing is computed.</summary>
    /// <param name="query">What asks.</param>
    /// <param name="value">What is summed.</param>
    /// <param name="key">What is compared with the query; null is the value.</param>
    /// <param name="attentionMask">Which pairs count; null is all that the masks of the inputs leave.</param>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public LayerOutput Apply(LayerOutput query, LayerOutput value, LayerOutput? key = null, LayerOutput? attentionMask = null) =>
        LayerCall.Connect(this, Arguments(query, value, key, attentionMask))[0];

    /// <summary>As <see cref="Apply(Tensor, Tensor, Tensor?, Tensor?)"/>, with the weights of the attention <c>[batch, heads, queries, keys]</c> as well.</summary>
    /// <param name="query">What asks, <c>[batch, queries, features]</c>.</param>
    /// <param name="value">What is summed, <c>[batch, keys, ...]</c>.</param>
    /// <param name="key">What is compared with the query, <c>[batch, keys, ...]</c>; null is the value.</param>
    /// <param name="attentionMask">Which pairs count, bool or float32; null is all that the masks of the inputs leave.</param>
    /// <exception cref="OptionException">The layer was made without <see cref="ReturnAttentionScores"/>.</exception>
    public (Tensor Output, Tensor Scores) ApplyWithScores(Tensor query, Tensor value, Tensor? key = null, Tensor? attentionMask = null)
    {
        AttentionInputs.RequireScores(ReturnAttentionScores, this);
        Tensor[] outputs = ApplyAll(Arguments(query, value, key, attentionMask));
        return (outputs[0], outputs[1]);
    }

    /// <summary>As <see cref="Apply(LayerOutput, LayerOutput, LayerOutput?, LayerOutput?)"/>, with the weights of the attention as well.</summary>
    /// <param name="query">What asks.</param>
    /// <param name="value">What is summed.</param>
    /// <param name="key">What is compared with the query; null is the value.</param>
    /// <param name="attentionMask">Which pairs count; null is all that the masks of the inputs leave.</param>
    /// <exception cref="OptionException">The layer was made without <see cref="ReturnAttentionScores"/>.</exception>
    public (LayerOutput Output, LayerOutput Scores) ApplyWithScores(
        LayerOutput query, LayerOutput value, LayerOutput? key = null, LayerOutput? attentionMask = null)
    {
        AttentionInputs.RequireScores(ReturnAttentionScores, this);
        LayerOutput[] outputs = LayerCall.Connect(this, Arguments(query, value, key, attentionMask));
        return (outputs[0], outputs[1]);
    }

    internal override void BuildAll(Shape[] inputShapes)
    {
        AttentionInputs.RequireSequences(inputShapes, this);
        long features = inputShapes[0][^1];
        if (KeyDimension is null && features % NumHeads != 0)
        {
            throw new ShapeException(
                $"Layer {Path} divides the features of a query among {NumHeads} heads, but there are {features}. Hint: give {nameof(KeyDimension)}, or another number of heads.");
        }

        int keyDimension = KeyDimension ?? (int)(features / NumHeads), valueDimension = ValueDimension ?? keyDimension;
        Rotary?.DimensionOf(keyDimension, "Layer " + Path);
        (_query.Units, _key.Units) = (NumHeads * keyDimension, NumKeyValueHeads * keyDimension);
        (_value.Units, _output.Units) = (NumKeyValueHeads * valueDimension, (int)features);
    }

    internal override Tensor[] Run(Tensor[] inputs)
    {
        AttentionInputs arguments = AttentionInputs.Of(inputs, this);
        Tensor query = Split(_query.Apply(arguments.Query), NumHeads), key = Split(_key.Apply(arguments.Key), NumKeyValueHeads);
        Tensor value = Split(_value.Apply(arguments.Value), NumKeyValueHeads);
        if (Rotary is not null)
            (query, key) = (Tensor.RotaryEmbedding(query, Rotary), Tensor.RotaryEmbedding(key, Rotary));
        Tensor? mask = arguments.Mask(NumHeads);
        double dropout = Trace.Current is { Training: true } ? Dropout : 0;
        if (!ReturnAttentionScores)
            return [_output.Apply(Join(Tensor.ScaledDotProductAttention(query, key, value, mask, Causal, dropout: dropout)))];
        Tensor scores = Tensor.AttentionWeights(query, key, mask, Causal);
        return [_output.Apply(Join(Tensor.Attend(scores, value, dropout))), scores];
    }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input) => Run([input])[0];

    /// <summary>The mask of the query belongs to the output; the weights of the attention have none.</summary>
    protected override Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(output);
        return output.Shape.Rank == 3 ? MaskOf(inputs[0]) : null;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("numHeads", NumHeads);
        if (KeyDimension is { } keyDimension)
            config.Set("keyDimension", keyDimension);
        if (ValueDimension is { } valueDimension)
            config.Set("valueDimension", valueDimension);
        config.Set("numKeyValueHeads", NumKeyValueHeads);
        config.Set("dropout", Dropout);
        config.Set("useBias", UseBias);
        config.Set("causal", Causal);
        RotaryConfig.Write(config, Rotary);
        config.Set("kernelInitializer", _kernelInitializer);
        config.Set("biasInitializer", _biasInitializer);
        config.Set("returnAttentionScores", ReturnAttentionScores);
    }

    internal static MultiHeadAttention Read(LayerConfig config) => new(
        config.GetInt32("numHeads"), config.Contains("keyDimension") ? config.GetInt32("keyDimension") : null,
        config.Contains("valueDimension") ? config.GetInt32("valueDimension") : null, config.GetInt32("numKeyValueHeads"), config.GetDouble("dropout"),
        config.GetBoolean("useBias"), config.GetBoolean("causal"), RotaryConfig.Read(config),
        config.GetInitializer("kernelInitializer"), config.GetInitializer("biasInitializer"), config.GetBoolean("returnAttentionScores"));

    private static T[] Arguments<T>(T query, T value, T? key, T? mask) where T : class
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(value);
        return mask is not null ? [query, value, key ?? value, mask] : key is not null ? [query, value, key] : [query, value];
    }

    private static Tensor Split(Tensor x, int heads) =>
        x.Reshape(x.Shape[0], x.Shape[1], heads, x.Shape[2] / heads).Transpose(0, 2, 1, 3);

    private static Tensor Join(Tensor x) => x.Transpose(0, 2, 1, 3).Reshape(x.Shape[0], x.Shape[2], x.Shape[1] * x.Shape[3]);
}
