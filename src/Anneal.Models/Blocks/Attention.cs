namespace Anneal.Models;

/// <summary>How an attention is built.</summary>
internal sealed record AttentionOptions
{
    /// <summary>The features that come out.</summary>
    internal required int Width { get; init; }

    internal required int Heads { get; init; }

    /// <summary>The heads of keys and values, each shared by a group of query heads.</summary>
    internal required int KeyValueHeads { get; init; }

    internal required int HeadDimension { get; init; }

    /// <summary>Whether queries, keys and values come from one product, as in GPT-2.</summary>
    internal bool IsFused { get; init; }

    internal bool InputBias { get; init; }

    internal bool OutputBias { get; init; }

    /// <summary>What scores are multiplied by; null is 1 / √dimension.</summary>
    internal double? Scale { get; init; }

    internal double Dropout { get; init; }

    /// <summary>The number that is added under the root where each head's queries and keys are normalized; null where they are not.</summary>
    internal double? HeadNormEpsilon { get; init; }

    /// <summary>The number of the layer, under which a cache keeps keys and values.</summary>
    internal int Layer { get; init; }

    internal required Initializer Initializer { get; init; }
}

/// <summary>What an attention is given besides its queries.</summary>
/// <param name="Mask">Bool, or float32 that is added to the scores; null admits all.</param>
/// <param name="Causal">Whether a token attends only to itself and those before it.</param>
internal sealed record AttentionCall(Tensor? Mask, bool Causal = false)
{
    /// <summary>Where keys and values come from; null is where queries come from.</summary>
    internal Tensor? Memory { get; init; }

    /// <summary>Keys and values of a memory that were computed before; null computes them.</summary>
    internal (Tensor Keys, Tensor Values)? Projected { get; init; }

    internal RotaryTables? Rotary { get; init; }

    internal KeyValueCache? Cache { get; init; }

    /// <summary>Whether positions alone limit what a token attends to in a cache, and how many tokens back it sees: the mask says no more.</summary>
    internal bool IsLimitedByPosition { get; init; }

    internal int? Window { get; init; }
}

/// <summary>The angles of one pass.</summary>
internal sealed record RotaryTables(Tensor Cos, Tensor Sin, RotaryPairing Pairing);

/// <summary>
/// Attention of several heads in all the forms that the models have: with or without biases, with grouped heads, rotary positions, normalized
/// heads, a cache, another sequence as memory. Input and output <c>[batch, time, width]</c>.
/// </summary>
internal sealed class Attention : Block<AttentionCall>
{
    private readonly AttentionOptions _options;

    internal Attention(AttentionOptions options, string name) : base(name)
    {
        _options = options;
        int queries = options.Heads * options.HeadDimension, keys = options.KeyValueHeads * options.HeadDimension;
        if (options.IsFused)
        {
            Fused = Projection(queries + 2 * keys, options.InputBias, "projection");
        }
        else
        {
            Query = Projection(queries, options.InputBias, "query");
            Key = Projection(keys, options.InputBias, "key");
            Value = Projection(keys, options.InputBias, "value");
        }

        if (options.HeadNormEpsilon is { } epsilon)
        {
            QueryNorm = Track(new RmsNormalization(epsilon: epsilon, name: "query_norm"));
            KeyNorm = Track(new RmsNormalization(epsilon: epsilon, name: "key_norm"));
        }

        Output = Projection(options.Width, options.OutputBias, "output");
    }

    internal Dense? Fused { get; }

    internal Dense? Query { get; }

    internal Dense? Key { get; }

    internal Dense? Value { get; }

    internal Dense Output { get; }

    internal RmsNormalization? QueryNorm { get; }

    internal RmsNormalization? KeyNorm { get; }

    /// <summary>The keys and values of a memory, which stay the same for all tokens that attend to it.</summary>
    internal (Tensor Keys, Tensor Values) Project(Tensor memory) =>
        (Split(Key!.Apply(memory), _options.KeyValueHeads), Split(Value!.Apply(memory), _options.KeyValueHeads));

    protected override Tensor Call(Tensor input, AttentionCall call)
    {
        (Tensor query, Tensor key, Tensor value) = Projections(input, call);
        if (QueryNorm is not null)
            (query, key) = (QueryNorm.Apply(query), KeyNorm!.Apply(key));
        if (call.Rotary is { } turn)
            (query, key) = (Tensor.Rotate(query, turn.Cos, turn.Sin, turn.Pairing), Tensor.Rotate(key, turn.Cos, turn.Sin, turn.Pairing));
        Tensor? result = call.IsLimitedByPosition ? call.Cache?.Attend(_options.Layer, query, key, value, new CachedLimits(call.Window, _options.Scale)) : null;
        if (result is null)
        {
            if (call.Cache is not null)
                (key, value) = call.Cache.Append(_options.Layer, key, value);
            double dropout = Trace.Current is { Training: true } ? _options.Dropout : 0;
            result = Tensor.ScaledDotProductAttention(query, key, value, call.Mask, call.Causal, _options.Scale, dropout);
        }

        return Output.Apply(result.Transpose(0, 2, 1, 3).Reshape(input.Shape[0], input.Shape[1], _options.Heads * _options.HeadDimension));
    }

    private (Tensor Query, Tensor Key, Tensor Value) Projections(Tensor input, AttentionCall call)
    {
        if (Fused is not null)
        {
            Tensor all = Fused.Apply(input);
            long queries = _options.Heads * _options.HeadDimension, keys = _options.KeyValueHeads * _options.HeadDimension;
            return (Split(all.Narrow(-1, 0, queries), _options.Heads), Split(all.Narrow(-1, queries, keys), _options.KeyValueHeads),
                Split(all.Narrow(-1, queries + keys, keys), _options.KeyValueHeads));
        }

        Tensor query = Split(Query!.Apply(input), _options.Heads);
        (Tensor key, Tensor value) = call.Projected ?? Project(call.Memory ?? input);
        return (query, key, value);
    }

    private Tensor Split(Tensor x, int heads) => x.Reshape(x.Shape[0], x.Shape[1], heads, _options.HeadDimension).Transpose(0, 2, 1, 3);

    private Dense Projection(int units, bool useBias, string name) =>
        Track(new Dense(units, useBias: useBias, kernelInitializer: _options.Initializer, name: name));
}
