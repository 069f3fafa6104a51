using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of T5 (Raffel et al., 2019) and T5 v1.1.</summary>
public sealed record T5Config : PretrainedConfig
{
    private const string GatedPrefix = "gated-";

    /// <inheritdoc/>
    public override string ModelType => "t5";

    /// <summary>The number of tokens.</summary>
    public int VocabularySize { get; init; } = 32128;

    /// <summary>The features of a token between the layers.</summary>
    public int HiddenSize { get; init; } = 512;

    /// <summary>The features of each head, which need not divide <see cref="HiddenSize"/>.</summary>
    public int HeadDimension { get; init; } = 64;

    /// <summary>The features inside of the feed-forward networks.</summary>
    public int IntermediateSize { get; init; } = 2048;

    /// <summary>The number of the encoder's layers.</summary>
    public int LayerCount { get; init; } = 6;

    /// <summary>The number of the decoder's layers.</summary>
    public int DecoderLayerCount { get; init; } = 6;

    /// <summary>The number of heads.</summary>
    public int HeadCount { get; init; } = 8;

    /// <summary>Into how many buckets distances are put, each with a learned bias for each head.</summary>
    public int BucketCount { get; init; } = 32;

    /// <summary>The distance from which on all are in the last bucket.</summary>
    public int MaximumDistance { get; init; } = 128;

    /// <summary>Dropout everywhere, in training.</summary>
    public double DropoutRate { get; init; } = 0.1;

    /// <summary>What is added to the mean square in normalizations.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>A factor of the standard deviations of the first weights.</summary>
    public double InitializerFactor { get; init; } = 1;

    /// <summary>The activation of the feed-forward networks.</summary>
    public Activation HiddenActivation { get; init; } = Activation.Relu;

    /// <summary>Whether the activation gates another product, as in v1.1.</summary>
    public bool IsGated { get; init; }

    /// <summary>Whether the logits come from the table of the tokens.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Whether the decoder's features are divided by the root of their number before the logits; so it is where they come from the table.</summary>
    public bool ScaleDecoderOutputs { get; init; } = true;

    /// <summary>The token of padding, with which decoding begins where nothing else is said.</summary>
    public int PaddingId { get; init; }

    /// <summary>The token with which decoding begins.</summary>
    public int DecoderStartId { get; init; }

    /// <summary>The tokens that end a text.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [1];

    internal override int Depth => LayerCount + DecoderLayerCount;

    /// <summary>The name of the feed-forward networks: an activation, perhaps gated. One name stands for another activation for the sake of old files.</summary>
    private string FeedForwardName => !IsGated ? ActivationNames.NameOf(HiddenActivation, "feed_forward_proj")
        : HiddenActivation == Activation.GeluTanh ? GatedPrefix + "gelu"
        : GatedPrefix + ActivationNames.NameOf(HiddenActivation, "feed_forward_proj");

    internal override void Check(string file)
    {
        RequireSizes(
            file, ("vocab_size", VocabularySize, ConfigFields.MostTokens), ("d_model", HiddenSize, ConfigFields.MostWidth), ("d_kv", HeadDimension, ConfigFields.MostWidth),
            ("d_ff", IntermediateSize, ConfigFields.MostWidth), ("num_layers", LayerCount, ConfigFields.MostLayers),
            ("num_decoder_layers", DecoderLayerCount, ConfigFields.MostLayers), ("num_heads", HeadCount, ConfigFields.MostWidth),
            ("relative_attention_num_buckets", BucketCount, ConfigFields.MostWidth), ("relative_attention_max_distance", MaximumDistance, ConfigFields.MostWidth));
        Require((long)HeadCount * HeadDimension <= ConfigFields.MostWidth, file, "d_kv", "heads of at most 2^20 features together", HeadDimension);
        Require(BucketCount >= 4 && BucketCount % 2 == 0, file, "relative_attention_num_buckets", "an even number of at least 4", BucketCount);
        Require(MaximumDistance > BucketCount / 2, file, "relative_attention_max_distance", $"more than half of the {BucketCount} buckets", MaximumDistance);
        if (IsGated && HiddenActivation == Activation.Gelu)
            throw new ModelConfigException(file, "feed_forward_proj", "an activation that has a name: gated-gelu stands for the approximation by a hyperbolic tangent", "the exact GELU");
        RequireDropout(file);
    }

    internal override T5Config Read(ConfigFields fields)
    {
        string written = fields.Text("feed_forward_proj") ?? "relu";
        bool gated = written.StartsWith(GatedPrefix, StringComparison.Ordinal);
        string name = gated ? written[GatedPrefix.Length..] : written;
        Activation activation = written == "gated-gelu" ? Activation.GeluTanh
            : ActivationNames.Find(name) ?? throw fields.Fail("feed_forward_proj", $"an activation, or '{GatedPrefix}' and one, among {ActivationNames.Known}");
        int layers = fields.Int("num_layers", 6, 1, ConfigFields.MostLayers), padding = fields.Int("pad_token_id", 0, 0, ConfigFields.MostTokens);
        bool tied = fields.Flag("tie_word_embeddings", true);
        return new T5Config
        {
            Source = Text(fields.Values),
            VocabularySize = fields.Int("vocab_size", 32128, 1, ConfigFields.MostTokens),
            HiddenSize = fields.Int("d_model", 512, 1, ConfigFields.MostWidth),
            HeadDimension = fields.Int("d_kv", 64, 1, ConfigFields.MostWidth),
            IntermediateSize = fields.Int("d_ff", 2048, 1, ConfigFields.MostWidth),
            LayerCount = layers,
            DecoderLayerCount = fields.Int("num_decoder_layers", layers, 1, ConfigFields.MostLayers),
            HeadCount = fields.Int("num_heads", 8, 1, ConfigFields.MostWidth),
            BucketCount = fields.Int("relative_attention_num_buckets", 32, 1, ConfigFields.MostWidth),
            MaximumDistance = fields.Int("relative_attention_max_distance", 128, 1, ConfigFields.MostWidth),
            DropoutRate = fields.Dropout("dropout_rate", 0.1),
            NormEpsilon = fields.Number("layer_norm_epsilon", 1e-6, 0, 1),
            InitializerFactor = fields.Number("initializer_factor", 1, 1e-12, 1e6),
            HiddenActivation = activation,
            IsGated = gated,
            TieWordEmbeddings = tied,
            ScaleDecoderOutputs = fields.Flag("scale_decoder_outputs", tied),
            PaddingId = padding,
            DecoderStartId = fields.Int("decoder_start_token_id", padding, 0, ConfigFields.MostTokens),
            EndIds = fields.IsMissing("eos_token_id") ? [1] : fields.EndIds(),
        };
    }

    internal override void WriteFields(JsonObject fields)
    {
        fields["vocab_size"] = VocabularySize;
        fields["d_model"] = HiddenSize;
        fields["d_kv"] = HeadDimension;
        fields["d_ff"] = IntermediateSize;
        fields["num_layers"] = LayerCount;
        fields["num_decoder_layers"] = DecoderLayerCount;
        fields["num_heads"] = HeadCount;
        fields["relative_attention_num_buckets"] = BucketCount;
        fields["relative_attention_max_distance"] = MaximumDistance;
        fields["dropout_rate"] = DropoutRate;
        fields["layer_norm_epsilon"] = NormEpsilon;
        fields["initializer_factor"] = InitializerFactor;
        fields["feed_forward_proj"] = FeedForwardName;
        fields["tie_word_embeddings"] = TieWordEmbeddings;
        fields["scale_decoder_outputs"] = ScaleDecoderOutputs;
        fields["pad_token_id"] = PaddingId;
        fields["decoder_start_token_id"] = DecoderStartId;
        fields["eos_token_id"] = EndIds.Count == 1 ? EndIds[0] : EndIds.Count == 0 ? null : new JsonArray([.. EndIds.Select(i => (JsonNode)i)]);
        fields["is_encoder_decoder"] = true;
    }

    /// <summary>
    /// Present releases write that weights are tied in any case, so that the files decide: a head of its own that differs from the table is one.
    /// </summary>
    internal override T5Config FitTo(Checkpoint checkpoint) =>
        TieWordEmbeddings && checkpoint.Find("lm_head.weight") is { } head && checkpoint.Find("shared.weight") is { } table && !Checkpoint.IsSame(head, table)
            ? this with { TieWordEmbeddings = false }
            : this;

    private void RequireDropout(string file)
    {
        if (!(DropoutRate >= 0 && DropoutRate < 1))
            throw new ModelConfigException(file, "dropout_rate", "at least 0 and below 1", FormattableString.Invariant($"{DropoutRate}"));
    }
}
