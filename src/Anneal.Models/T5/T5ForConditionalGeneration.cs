namespace Anneal.Models;

/// <summary>
/// T5 (Raffel et al., 2019): an encoder that reads a text and a decoder that writes another one. Inputs: tokens of the text and tokens written so far,
/// int32 or int64 <c>[batch, time]</c> and <c>[batch, outTime]</c>, optionally an attention mask of each of which what is not 0 counts; output
/// float32 <c>[batch, outTime, vocabulary]</c>, the logits of what is written next.
/// </summary>
/// <remarks>To train with <c>Fit</c>, give what is to be written behind <see cref="T5Config.DecoderStartId"/> and without its end as second input, and all of it as labels.</remarks>
public sealed class T5ForConditionalGeneration : PretrainedModel
{
    private readonly Embedding _shared;
    private readonly T5Stack _encoder, _decoder;
    private readonly Dense? _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public T5ForConditionalGeneration(T5Config config, string? name = null) : base(config, name)
    {
        _shared = Track(new Embedding(config.VocabularySize, config.HiddenSize, new RandomNormal(0, config.InitializerFactor), name: "shared"));
        _encoder = Track(new T5Stack(config, isDecoder: false, "encoder"));
        _decoder = Track(new T5Stack(config, isDecoder: true, "decoder"));
        _head = config.TieWordEmbeddings
            ? null
            : Track(new Dense(config.VocabularySize, useBias: false, kernelInitializer: new RandomNormal(0, config.InitializerFactor), name: "head"));
    }

    /// <summary>What the model looks like.</summary>
    public new T5Config Config => (T5Config)base.Config;

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

    private protected override bool Generates => true;

    /// <summary>What a cache of the decoder's keys and values holds for each token.</summary>
    internal CacheExtents CacheExtents => new(Config.DecoderLayerCount, Config.HeadCount, Config.HeadDimension);

    internal override string? BodyPrefix => null;

    private protected override (int Least, int Most) InputCounts => (2, 4);

    internal override IReadOnlyList<TensorType> InputsToBuild => [new(DType.Int64, [4]), new(DType.Int64, [3])];

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new T5ForConditionalGeneration Load(string folder, PretrainedLoadOptions? options = null) => Load<T5ForConditionalGeneration>(folder, options);

    /// <summary>The logits of what is written next.</summary>
    /// <param name="ids">The tokens of the text <c>[batch, time]</c>.</param>
    /// <param name="decoderIds">What is written so far, <c>[batch, outTime]</c>.</param>
    /// <param name="attentionMask">Which tokens of the text count, <c>[batch, time]</c>; null is all.</param>
    /// <param name="decoderAttentionMask">Which tokens written so far count, <c>[batch, outTime]</c>; null is all.</param>
    /// <returns><c>[batch, outTime, vocabulary]</c>.</returns>
    /// <exception cref="ShapeException">The inputs have shapes that do not fit.</exception>
    public Tensor Apply(Tensor ids, Tensor decoderIds, Tensor? attentionMask = null, Tensor? decoderAttentionMask = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(decoderIds);
        return ApplyAll([ids, decoderIds], inputs => [Run(inputs[0], inputs[1], attentionMask, decoderAttentionMask)])[0];
    }

    /// <summary>The features of a text.</summary>
    internal Tensor Encode(Tensor ids, Tensor? attentionMask)
    {
        long time = Tokens(ids).Shape[1];
        Tensor? keys = attentionMask is null ? null : AttentionMasks.Keys(AttentionMasks.Counted(attentionMask, ids.Shape));
        Tensor bias = _encoder.Bias.Between(Tensor.Range(time, DType.Int64), time);
        return _encoder.Apply(_shared.Apply(ids), new T5Call(T5Stack.Masked(bias, keys)));
    }

    /// <summary>
    /// The features of what is written. With a cache, <paramref name="positions"/> says where these tokens stand, and
    /// <paramref name="capacity"/> how many keys the cache gives.
    /// </summary>
    internal Tensor Decode(
        Tensor ids, Tensor positions, long capacity, Tensor mask, Tensor? memory, Tensor? memoryMask,
        IReadOnlyList<(Tensor Keys, Tensor Values)>? projected = null, KeyValueCache? cache = null)
    {
        Tensor bias = T5Stack.Masked(_decoder.Bias.Between(positions, capacity), mask);
        return _decoder.Apply(
            _shared.Apply(ids), new T5Call(bias) { Memory = memory, MemoryMask = memoryMask, Projected = projected, Cache = cache });
    }

    /// <summary>The keys and values that the decoder's layers make of the encoder's features: the same for every token that is written.</summary>
    internal IReadOnlyList<(Tensor Keys, Tensor Values)> ProjectMemory(Tensor memory) => [.. _decoder.Blocks.Select(b => b.CrossAttention!.Project(memory))];

    /// <summary>The logits of the decoder's features.</summary>
    internal Tensor Logits(Tensor hidden)
    {
        Tensor scaled = Config.ScaleDecoderOutputs ? hidden * (1 / Math.Sqrt(Config.HiddenSize)) : hidden;
        return _head is null ? _shared.Project(scaled) : _head.Apply(scaled);
    }

    /// <summary>The mask of the memory's keys for a mask of the text.</summary>
    internal static Tensor? MemoryMask(Tensor? attentionMask, Shape tokens) =>
        attentionMask is null ? null : AttentionMasks.Keys(AttentionMasks.Counted(attentionMask, tokens));

    /// <inheritdoc/>
    protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        RequireInputs(inputs, "tokens, tokens of the decoder, attention mask, attention mask of the decoder");
        return [Run(inputs[0], inputs[1], inputs.Count > 2 ? inputs[2] : null, inputs.Count > 3 ? inputs[3] : null)];
    }

    internal override void MapWeights(WeightTable table)
    {
        table.Embedding("shared.weight", _shared);
        table.Tied("encoder.embed_tokens.weight", "shared.weight");
        table.Tied("decoder.embed_tokens.weight", "shared.weight");
        MapStack(table, "encoder", _encoder);
        MapStack(table, "decoder", _decoder);
        if (_head is null)
            table.Tied("lm_head.weight", "shared.weight");
        else
            table.Linear("lm_head", _head);

        // An old release wrote a bias that nothing reads.
        table.Ignore("layer.1.EncDecAttention.relative_attention_bias.weight");
    }

    private Tensor Run(Tensor ids, Tensor decoderIds, Tensor? attentionMask, Tensor? decoderMask)
    {
        long time = Tokens(decoderIds).Shape[1];
        Tensor memory = Encode(ids, attentionMask);
        Tensor causal = AttentionMasks.Causal(time, null, decoderMask is null ? null : AttentionMasks.Counted(decoderMask, decoderIds.Shape));
        return Logits(Decode(decoderIds, Tensor.Range(time, DType.Int64), time, causal, memory, MemoryMask(attentionMask, ids.Shape)));
    }

    private static void MapStack(WeightTable table, string name, T5Stack stack)
    {
        for (int i = 0; i < stack.Blocks.Length; i++)
        {
            T5Block block = stack.Blocks[i];
            string prefix = FormattableString.Invariant($"{name}.block.{i}.layer.");
            MapAttention(table, prefix + "0.SelfAttention", block.Attention);
            if (i == 0)
                table.Add(prefix + "0.SelfAttention.relative_attention_bias.weight", stack.Bias.Table);
            table.Rms(prefix + "0.layer_norm.weight", block.AttentionNorm);
            if (block.CrossAttention is not null)
            {
                MapAttention(table, prefix + "1.EncDecAttention", block.CrossAttention);
                table.Rms(prefix + "1.layer_norm.weight", block.CrossNorm!);
            }

            string last = prefix + (block.CrossAttention is null ? "1" : "2");
            if (block.Gated is not null)
            {
                table.Linear(last + ".DenseReluDense.wi_0", block.Gated.Gate!);
                table.Linear(last + ".DenseReluDense.wi_1", block.Gated.Up!);
                table.Linear(last + ".DenseReluDense.wo", block.Gated.Down);
            }
            else
            {
                table.Linear(last + ".DenseReluDense.wi", block.Plain!.Inner);
                table.Linear(last + ".DenseReluDense.wo", block.Plain.Outer);
            }

            table.Rms(last + ".layer_norm.weight", block.FeedForwardNorm);
        }

        table.Rms(name + ".final_layer_norm.weight", stack.Norm);
    }

    private static void MapAttention(WeightTable table, string prefix, Attention attention)
    {
        table.Linear(prefix + ".q", attention.Query!);
        table.Linear(prefix + ".k", attention.Key!);
        table.Linear(prefix + ".v", attention.Value!);
        table.Linear(prefix + ".o", attention.Output);
    }
}
