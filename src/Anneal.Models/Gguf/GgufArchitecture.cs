namespace Anneal.Models;

/// <summary>An architecture of GGUF files and the model here that computes the same.</summary>
internal abstract class GgufArchitecture
{
    private protected const int MostWidth = ConfigFields.MostWidth, MostTokens = ConfigFields.MostTokens, MostLayers = ConfigFields.MostLayers;
    private static readonly GgufArchitecture[] All = [new GgufLlama(), new GgufQwen2(), new GgufQwen3(), new GgufGlm(), new GgufGlm4(), new GgufGpt2()];

    /// <summary>The name in <c>general.architecture</c>.</summary>
    internal abstract string Name { get; }

    /// <summary>The names of tensors.</summary>
    internal abstract IReadOnlyList<GgufName> Names { get; }

    /// <summary>The architecture of a file.</summary>
    /// <exception cref="UnknownArchitectureException">There is no model for it.</exception>
    internal static GgufArchitecture Of(GgufFile file)
    {
        const string Key = "general.architecture";
        string? name = file.Metadata.TryGetValue(Key, out GgufValue? value) ? value.Text : null;
        return All.FirstOrDefault(a => a.Name == name)
            ?? throw new UnknownArchitectureException(file.Path, name is null ? "(none is named)" : ModelFileException.Quote(name), [.. All.Select(a => a.Name)]);
    }

    /// <summary>The architecture in which a model is written.</summary>
    /// <exception cref="OptionException">There is none.</exception>
    internal static GgufArchitecture Of(CausalLanguageModel model) => All.FirstOrDefault(a => a.Takes(model.Config))
        ?? throw new OptionException($"{model.TypeName} is not written as GGUF. Written are the models of the architectures {string.Join(", ", All.Select(a => a.Name))}.");

    /// <summary>Whether models of this configuration are of this architecture.</summary>
    internal abstract bool Takes(PretrainedConfig config);

    /// <summary>The configuration that a file's metadata and tensors describe.</summary>
    internal abstract PretrainedConfig Read(GgufKeys keys);

    /// <summary>The metadata that describe a configuration.</summary>
    /// <exception cref="ModelConfigException">The configuration has what such files cannot say.</exception>
    internal abstract void Write(PretrainedConfig config, GgufMetadataWriter metadata);

    /// <summary>A model that has no values yet.</summary>
    internal abstract CausalLanguageModel Make(PretrainedConfig config);

    /// <summary>The heads of queries and of keys.</summary>
    internal abstract (int Queries, int Keys) Heads(PretrainedConfig config);

    /// <summary>Factors that divide the rotary frequencies, as files of this architecture hold them; null where there are none.</summary>
    internal virtual float[]? RotaryFactors(PretrainedConfig config) => null;

    /// <summary>Refuses what the architecture does not say and so has one value alone.</summary>
    private protected static void Require(bool holds, string field, string expected, string found)
    {
        if (!holds)
            throw new ModelConfigException(PretrainedConfig.InCode, field, expected + ", which alone such GGUF files can mean", found);
    }

    /// <summary>Refuses what other software honours and what would be ignored here.</summary>
    private protected static void RefuseOthers(GgufKeys keys)
    {
        if (keys.OptionalInt("expert_count", 0, MostWidth) is > 0)
            throw keys.Fail(keys.KeyOf("expert_count"), "no experts, which are not supported");
        foreach ((string name, double[] idle) in GgufKeys.Refused)
        {
            if (keys.Value(name) is { } value && !(value.Truth is { } truth ? idle.Contains(truth ? 1 : 0) : value.Number is { } number && idle.Contains(number)))
                throw keys.Fail(keys.KeyOf(name), "nothing, because what it asks for is not supported");
        }
    }
}

/// <summary>Decoders in the manner of Llama.</summary>
internal abstract class GgufDecoder<TConfig> : GgufArchitecture where TConfig : DecoderConfig
{
    internal override IReadOnlyList<GgufName> Names => GgufNames.Decoder;

    internal override bool Takes(PretrainedConfig config) => config is TConfig;

    internal override (int Queries, int Keys) Heads(PretrainedConfig config) => (((DecoderConfig)config).HeadCount, ((DecoderConfig)config).KeyValueHeadCount);

    internal override float[]? RotaryFactors(PretrainedConfig config) => GgufRotary.FactorsOf((DecoderConfig)config);

    internal override void Write(PretrainedConfig config, GgufMetadataWriter metadata)
    {
        var decoder = (TConfig)config;
        Require(decoder.HiddenActivation == Activation.Silu, "hidden_act", "silu", decoder.HiddenActivation.ToString());
        RequirePlain(decoder);
        metadata.Add("context_length", decoder.MaximumPositions);
        metadata.Add("embedding_length", decoder.HiddenSize);
        metadata.Add("block_count", decoder.LayerCount);
        metadata.Add("feed_forward_length", decoder.IntermediateSize);
        metadata.Add("attention.head_count", decoder.HeadCount);
        metadata.Add("attention.head_count_kv", decoder.KeyValueHeadCount);
        metadata.Add("attention.key_length", decoder.HeadDimension);
        metadata.Add("attention.value_length", decoder.HeadDimension);
        metadata.Add("attention.layer_norm_rms_epsilon", decoder.NormEpsilon);
        metadata.Add("vocab_size", decoder.VocabularySize);
        GgufRotary.Write(decoder, metadata);
    }

    /// <summary>Refuses what such files cannot say.</summary>
    private protected virtual void RequirePlain(TConfig config)
    {
    }

    /// <summary>A configuration with what all decoders have.</summary>
    private protected static TConfig ReadShared(TConfig family, GgufKeys keys)
    {
        RefuseOthers(keys);
        int heads = keys.Int("attention.head_count", 1, MostWidth), hidden = keys.Int("embedding_length", 1, MostWidth);
        int dimension = keys.OptionalInt("attention.key_length", 1, MostWidth) ?? hidden / heads;
        if (keys.OptionalInt("attention.value_length", 1, MostWidth) is { } values && values != dimension)
            throw keys.Fail(keys.KeyOf("attention.value_length"), $"the length of keys, {dimension}; others are not supported");
        int positions = keys.Int("context_length", 1, MostTokens);
        int[] ends = [.. new[] { "eos", "eot", "eom" }.Select(n => keys.OptionalIntOf($"tokenizer.ggml.{n}_token_id", 0, MostTokens)).OfType<int>().Distinct()];
        return (TConfig)(family with
        {
            VocabularySize = keys.Extent(GgufNames.Table, 0),
            HiddenSize = hidden,
            IntermediateSize = keys.Int("feed_forward_length", 1, MostWidth),
            LayerCount = keys.Int("block_count", 1, MostLayers),
            HeadCount = heads,
            KeyValueHeadCount = keys.OptionalInt("attention.head_count_kv", 1, MostWidth) ?? heads,
            HeadDimension = dimension,
            HiddenActivation = Activation.Silu,
            MaximumPositions = positions,
            NormEpsilon = keys.Number("attention.layer_norm_rms_epsilon", 0, 1),
            TieWordEmbeddings = !keys.Tensors.ContainsKey(GgufNames.Head),
            PaddingId = keys.OptionalIntOf("tokenizer.ggml.padding_token_id", 0, MostTokens),
            EndIds = ends,
        });
    }

    private protected static bool HasBias(GgufKeys keys, string part) => keys.Tensors.ContainsKey(GgufNames.OfLayer(0, part) + ".bias");
}

/// <summary>Llama and Mistral: one architecture here, told apart by the window.</summary>
internal sealed class GgufLlama : GgufDecoder<DecoderConfig>
{
    private const string Window = "attention.sliding_window";

    internal override string Name => "llama";

    internal override IReadOnlyList<GgufName> Names => GgufNames.PairedDecoder;

    internal override bool Takes(PretrainedConfig config) => config is LlamaConfig or MistralConfig;

    internal override PretrainedConfig Read(GgufKeys keys)
    {
        if (keys.OptionalInt(Window, 0, MostTokens) is { } window and > 0)
            return GgufRotary.Read(ReadShared(new MistralConfig { SlidingWindow = window }, keys), keys);
        var config = new LlamaConfig { AttentionBias = HasBias(keys, "attn_q"), FeedForwardBias = HasBias(keys, "ffn_gate") };
        return GgufRotary.Read(ReadShared(config, keys), keys);
    }

    internal override void Write(PretrainedConfig config, GgufMetadataWriter metadata)
    {
        base.Write(config, metadata);
        if (config is MistralConfig { SlidingWindow: { } window })
            metadata.Add(Window, window);
    }

    internal override CausalLanguageModel Make(PretrainedConfig config) => config is MistralConfig mistral ? new MistralForCausalLM(mistral) : new LlamaForCausalLM((LlamaConfig)config);
}

/// <summary>Qwen2 and Qwen2.5.</summary>
internal sealed class GgufQwen2 : GgufDecoder<Qwen2Config>
{
    internal override string Name => "qwen2";

    internal override PretrainedConfig Read(GgufKeys keys) => GgufRotary.Read(ReadShared(new Qwen2Config(), keys), keys);

    internal override CausalLanguageModel Make(PretrainedConfig config) => new Qwen2ForCausalLM((Qwen2Config)config);

    private protected override void RequirePlain(Qwen2Config config) => RequireNoWindow(config);

    internal static void RequireNoWindow(SlidingDecoderConfig config) => Require(
        !Enumerable.Range(0, config.LayerCount).Any(l => config.WindowOf(l) is not null), "use_sliding_window", "full attention in all layers", "a sliding window");
}

/// <summary>Qwen3.</summary>
internal sealed class GgufQwen3 : GgufDecoder<Qwen3Config>
{
    internal override string Name => "qwen3";

    internal override PretrainedConfig Read(GgufKeys keys) => GgufRotary.Read(ReadShared(new Qwen3Config { AttentionBias = HasBias(keys, "attn_q") }, keys), keys);

    internal override CausalLanguageModel Make(PretrainedConfig config) => new Qwen3ForCausalLM((Qwen3Config)config);

    private protected override void RequirePlain(Qwen3Config config) => GgufQwen2.RequireNoWindow(config);
}

/// <summary>GLM, which such files call by its first name.</summary>
internal sealed class GgufGlm : GgufDecoder<GlmConfig>
{
    internal override string Name => "chatglm";

    internal override PretrainedConfig Read(GgufKeys keys) => GgufRotary.Read(ReadShared(new GlmConfig { AttentionBias = HasBias(keys, "attn_q") }, keys), keys);

    internal override CausalLanguageModel Make(PretrainedConfig config) => new GlmForCausalLM((GlmConfig)config);
}

/// <summary>GLM-4.</summary>
internal sealed class GgufGlm4 : GgufDecoder<Glm4Config>
{
    internal override string Name => "glm4";

    internal override PretrainedConfig Read(GgufKeys keys) => GgufRotary.Read(ReadShared(new Glm4Config { AttentionBias = HasBias(keys, "attn_q") }, keys), keys);

    internal override CausalLanguageModel Make(PretrainedConfig config) => new Glm4ForCausalLM((Glm4Config)config);
}

/// <summary>GPT-2.</summary>
internal sealed class GgufGpt2 : GgufArchitecture
{
    internal override string Name => "gpt2";

    internal override IReadOnlyList<GgufName> Names => GgufNames.Gpt2;

    internal override bool Takes(PretrainedConfig config) => config is Gpt2Config;

    internal override (int Queries, int Keys) Heads(PretrainedConfig config) => (((Gpt2Config)config).HeadCount, ((Gpt2Config)config).HeadCount);

    internal override PretrainedConfig Read(GgufKeys keys)
    {
        RefuseOthers(keys);
        return new Gpt2Config
        {
            VocabularySize = keys.Extent(GgufNames.Table, 0),
            MaximumPositions = keys.Int("context_length", 1, MostTokens),
            HiddenSize = keys.Int("embedding_length", 1, MostWidth),
            LayerCount = keys.Int("block_count", 1, MostLayers),
            HeadCount = keys.Int("attention.head_count", 1, MostWidth),
            IntermediateSize = keys.OptionalInt("feed_forward_length", 1, MostWidth),
            NormEpsilon = keys.Number("attention.layer_norm_epsilon", 0, 1),
            TieWordEmbeddings = !keys.Tensors.ContainsKey(GgufNames.Head),
            EndIds = keys.OptionalIntOf("tokenizer.ggml.eos_token_id", 0, MostTokens) is { } end ? [end] : [],
        };
    }

    internal override void Write(PretrainedConfig config, GgufMetadataWriter metadata)
    {
        var gpt2 = (Gpt2Config)config;
        Require(gpt2.HiddenActivation == Activation.GeluTanh, "activation_function", "gelu_new", gpt2.HiddenActivation.ToString());
        Require(gpt2.ScaleAttention, "scale_attn_weights", "true", "false");
        Require(!gpt2.ScaleAttentionByLayer, "scale_attn_by_inverse_layer_idx", "false", "true");
        metadata.Add("context_length", gpt2.MaximumPositions);
        metadata.Add("embedding_length", gpt2.HiddenSize);
        metadata.Add("block_count", gpt2.LayerCount);
        metadata.Add("feed_forward_length", gpt2.IntermediateSize ?? 4 * gpt2.HiddenSize);
        metadata.Add("attention.head_count", gpt2.HeadCount);
        metadata.Add("attention.layer_norm_epsilon", gpt2.NormEpsilon);
        metadata.Add("vocab_size", gpt2.VocabularySize);
    }

    internal override CausalLanguageModel Make(PretrainedConfig config) => new Gpt2LMHeadModel((Gpt2Config)config);
}
