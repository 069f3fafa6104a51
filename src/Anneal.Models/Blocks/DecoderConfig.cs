using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>What the configurations of decoders in the manner of Llama have in common.</summary>
public abstract record DecoderConfig : PretrainedConfig
{
    private protected DecoderConfig()
    {
    }

    /// <summary>The number of tokens.</summary>
    public int VocabularySize { get; init; } = 32000;

    /// <summary>The features of a token between the layers.</summary>
    public int HiddenSize { get; init; } = 4096;

    /// <summary>The features inside of the feed-forward networks.</summary>
    public int IntermediateSize { get; init; } = 11008;

    /// <summary>The number of layers.</summary>
    public int LayerCount { get; init; } = 32;

    /// <summary>The number of heads of queries.</summary>
    public int HeadCount { get; init; } = 32;

    /// <summary>The number of heads of keys and values, which divides that of queries.</summary>
    public int KeyValueHeadCount { get; init; } = 32;

    /// <summary>The features of each head.</summary>
    public int HeadDimension { get; init; } = 128;

    /// <summary>The activation of the gate.</summary>
    public Activation HiddenActivation { get; init; } = Activation.Silu;

    /// <summary>The length of the longest text that the model was made for.</summary>
    public int MaximumPositions { get; init; } = 2048;

    /// <summary>The standard deviation of the first weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>What is added to the mean square in normalizations.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Whether the logits come from the table of the tokens.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>The rotary positions.</summary>
    public RopeParameters Rope { get; init; } = new();

    /// <summary>The probability with which a weight of the attention is dropped in training.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>The token of padding, whose row of the table gets no gradient; null where there is none.</summary>
    public int? PaddingId { get; init; }

    /// <summary>The tokens that end a text.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    internal override int Depth => LayerCount;

    /// <summary>What distinguishes the layers of this family.</summary>
    internal abstract DecoderOptions Options { get; }

    internal override IEnumerable<(string Field, string[] Older)> OlderForms => [("rope_parameters", ["rope_theta", "rope_scaling", "partial_rotary_factor"])];

    internal override void Check(string file)
    {
        RequireSizes(
            file, ("vocab_size", VocabularySize, ConfigFields.MostTokens), ("hidden_size", HiddenSize, ConfigFields.MostWidth),
            ("intermediate_size", IntermediateSize, ConfigFields.MostWidth), ("num_hidden_layers", LayerCount, ConfigFields.MostLayers),
            ("num_attention_heads", HeadCount, ConfigFields.MostWidth), ("num_key_value_heads", KeyValueHeadCount, ConfigFields.MostWidth),
            ("head_dim", HeadDimension, ConfigFields.MostWidth), ("max_position_embeddings", MaximumPositions, ConfigFields.MostTokens));
        RequireHeads(file, "num_key_value_heads", KeyValueHeadCount, "num_attention_heads", HeadCount);
        Require((long)HeadCount * HeadDimension <= ConfigFields.MostWidth, file, "head_dim", "heads of at most 2^20 features together", HeadDimension);
        Require(PaddingId is null || PaddingId < VocabularySize, file, "pad_token_id", $"a token below vocab_size, which is {VocabularySize}", PaddingId ?? 0);
        Rope.Check(file, HeadDimension);
    }

    internal override void WriteFields(JsonObject fields)
    {
        fields["vocab_size"] = VocabularySize;
        fields["hidden_size"] = HiddenSize;
        fields["intermediate_size"] = IntermediateSize;
        fields["num_hidden_layers"] = LayerCount;
        fields["num_attention_heads"] = HeadCount;
        fields["num_key_value_heads"] = KeyValueHeadCount;
        fields["head_dim"] = HeadDimension;
        fields["hidden_act"] = ActivationNames.NameOf(HiddenActivation, "hidden_act");
        fields["max_position_embeddings"] = MaximumPositions;
        fields["initializer_range"] = InitializerRange;
        fields["rms_norm_eps"] = NormEpsilon;
        fields["tie_word_embeddings"] = TieWordEmbeddings;
        fields["rope_parameters"] = Rope.ToJson();
        fields["attention_dropout"] = AttentionDropout;
        fields["pad_token_id"] = PaddingId;
        fields["eos_token_id"] = EndIds.Count == 1 ? EndIds[0] : EndIds.Count == 0 ? null : new JsonArray([.. EndIds.Select(i => (JsonNode)i)]);
    }

    /// <summary>A configuration with the fields that all families have; those of this one stay as they are.</summary>
    /// <param name="fields">What was read.</param>
    /// <param name="headDimension">What <c>head_dim</c> is where it is not written; null divides the hidden size.</param>
    private protected DecoderConfig WithShared(ConfigFields fields, int? headDimension = null)
    {
        int heads = fields.Int("num_attention_heads", HeadCount, 1, ConfigFields.MostWidth);
        int hidden = fields.Int("hidden_size", HiddenSize, 1, ConfigFields.MostWidth);
        int? head = fields.OptionalInt("head_dim", 1, ConfigFields.MostWidth) ?? (fields.Has("head_dim") ? null : headDimension);
        if (head is null)
            RequireHeads(fields.File, "num_attention_heads", heads, "hidden_size", hidden);
        return this with
        {
            Source = Text(fields.Values),
            VocabularySize = fields.Int("vocab_size", VocabularySize, 1, ConfigFields.MostTokens),
            HiddenSize = hidden,
            IntermediateSize = fields.Int("intermediate_size", IntermediateSize, 1, ConfigFields.MostWidth),
            LayerCount = fields.Int("num_hidden_layers", LayerCount, 1, ConfigFields.MostLayers),
            HeadCount = heads,
            KeyValueHeadCount = fields.OptionalInt("num_key_value_heads", 1, ConfigFields.MostWidth)
                ?? (fields.Has("num_key_value_heads") || KeyValueHeadCount == 0 ? heads : KeyValueHeadCount),
            HeadDimension = head ?? hidden / heads,
            HiddenActivation = fields.Activation("hidden_act", HiddenActivation),
            MaximumPositions = fields.Int("max_position_embeddings", MaximumPositions, 1, ConfigFields.MostTokens),
            InitializerRange = fields.Number("initializer_range", InitializerRange, 1e-12, 1e6),
            NormEpsilon = fields.Number("rms_norm_eps", NormEpsilon, 0, 1),
            TieWordEmbeddings = fields.Flag("tie_word_embeddings", TieWordEmbeddings),
            Rope = RopeParameters.Read(fields, Rope.Theta, Rope.PartialFactor),
            AttentionDropout = fields.Dropout("attention_dropout", AttentionDropout),
            PaddingId = fields.PaddingId(),
            EndIds = fields.EndIds(),
        };
    }

    /// <summary>A share of the head that is turned is refused where the family turns all of it.</summary>
    private protected void RequireWholeHeads(string file) =>
        Require(Rope.PartialFactor == 1, file, "partial_rotary_factor", "1, which alone is supported in this family", Rope.PartialFactor);
}
