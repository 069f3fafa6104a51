using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>What the configurations of BERT and RoBERTa have in common.</summary>
public abstract record BertLikeConfig : ClassifierConfig
{
    private protected BertLikeConfig()
    {
    }

    /// <summary>The number of tokens.</summary>
    public int VocabularySize { get; init; } = 30522;

    /// <summary>The features of a token between the layers.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>The number of layers.</summary>
    public int LayerCount { get; init; } = 12;

    /// <summary>The number of heads.</summary>
    public int HeadCount { get; init; } = 12;

    /// <summary>The features inside of the feed-forward networks.</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>The activation of the feed-forward networks.</summary>
    public Activation HiddenActivation { get; init; } = Activation.Gelu;

    /// <summary>Dropout of embeddings and of what is added to a layer's input, in training.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout of the weights of attention, in training.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout before a classifier, in training; null is <see cref="HiddenDropout"/>.</summary>
    public double? ClassifierDropout { get; init; }

    /// <summary>The rows of the table of positions.</summary>
    public int MaximumPositions { get; init; } = 512;

    /// <summary>The kinds of segments.</summary>
    public int TypeVocabularySize { get; init; } = 2;

    /// <summary>What is added to the variance in normalizations.</summary>
    public double NormEpsilon { get; init; } = 1e-12;

    /// <summary>The standard deviation of the first weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The token of padding, whose row gets no gradient; null where there is none.</summary>
    public int? PaddingId { get; init; }

    /// <summary>Whether the logits of a masked language model come from the table of the tokens.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    internal override int Depth => LayerCount;

    /// <summary>The standard deviation of the first weights, as layers take it.</summary>
    internal Initializer Initializer => new RandomNormal(0, InitializerRange);

    /// <summary>The encoder.</summary>
    internal TextEncoderOptions EncoderOptions(bool countsFromPadding, bool hasPooler) => new()
    {
        Layers = new EncoderOptions
        {
            Width = HiddenSize,
            Inner = IntermediateSize,
            Heads = HeadCount,
            Activation = HiddenActivation,
            NormEpsilon = NormEpsilon,
            Dropout = HiddenDropout,
            AttentionDropout = AttentionDropout,
            Initializer = Initializer,
        },
        LayerCount = LayerCount,
        VocabularySize = VocabularySize,
        MaximumPositions = MaximumPositions,
        TypeVocabularySize = TypeVocabularySize,
        PaddingId = PaddingId,
        CountsFromPadding = countsFromPadding,
        HasPooler = hasPooler,
    };

    internal override void Check(string file)
    {
        RequireSizes(
            file, ("vocab_size", VocabularySize, ConfigFields.MostTokens), ("hidden_size", HiddenSize, ConfigFields.MostWidth),
            ("num_hidden_layers", LayerCount, ConfigFields.MostLayers), ("num_attention_heads", HeadCount, ConfigFields.MostWidth),
            ("intermediate_size", IntermediateSize, ConfigFields.MostWidth), ("max_position_embeddings", MaximumPositions, ConfigFields.MostTokens),
            ("type_vocab_size", TypeVocabularySize, ConfigFields.MostWidth));
        RequireHeads(file, "num_attention_heads", HeadCount, "hidden_size", HiddenSize);
        RequireLabels(file, Labels);
        Require(PaddingId is null || PaddingId < VocabularySize, file, "pad_token_id", $"a token below vocab_size, which is {VocabularySize}", PaddingId ?? 0);
    }

    internal override void WriteFields(JsonObject fields)
    {
        fields["vocab_size"] = VocabularySize;
        fields["hidden_size"] = HiddenSize;
        fields["num_hidden_layers"] = LayerCount;
        fields["num_attention_heads"] = HeadCount;
        fields["intermediate_size"] = IntermediateSize;
        fields["hidden_act"] = ActivationNames.NameOf(HiddenActivation, "hidden_act");
        fields["hidden_dropout_prob"] = HiddenDropout;
        fields["attention_probs_dropout_prob"] = AttentionDropout;
        fields["classifier_dropout"] = ClassifierDropout;
        fields["max_position_embeddings"] = MaximumPositions;
        fields["type_vocab_size"] = TypeVocabularySize;
        fields["layer_norm_eps"] = NormEpsilon;
        fields["initializer_range"] = InitializerRange;
        fields["pad_token_id"] = PaddingId;
        fields["tie_word_embeddings"] = TieWordEmbeddings;
        WriteLabels(fields, Labels);
    }

    private protected BertLikeConfig WithShared(ConfigFields fields)
    {
        fields.RequireFlag("is_decoder", false);
        fields.RequireFlag("add_cross_attention", false);
        fields.RequireText("position_embedding_type", "absolute");
        return this with
        {
            Source = Text(fields.Values),
            VocabularySize = fields.Int("vocab_size", VocabularySize, 1, ConfigFields.MostTokens),
            HiddenSize = fields.Int("hidden_size", HiddenSize, 1, ConfigFields.MostWidth),
            LayerCount = fields.Int("num_hidden_layers", LayerCount, 1, ConfigFields.MostLayers),
            HeadCount = fields.Int("num_attention_heads", HeadCount, 1, ConfigFields.MostWidth),
            IntermediateSize = fields.Int("intermediate_size", IntermediateSize, 1, ConfigFields.MostWidth),
            HiddenActivation = fields.Activation("hidden_act", HiddenActivation),
            HiddenDropout = fields.Dropout("hidden_dropout_prob", HiddenDropout),
            AttentionDropout = fields.Dropout("attention_probs_dropout_prob", AttentionDropout),
            ClassifierDropout = fields.OptionalNumber("classifier_dropout", 0, Math.BitDecrement(1.0)),
            MaximumPositions = fields.Int("max_position_embeddings", MaximumPositions, 1, ConfigFields.MostTokens),
            TypeVocabularySize = fields.Int("type_vocab_size", TypeVocabularySize, 1, ConfigFields.MostWidth),
            NormEpsilon = fields.Number("layer_norm_eps", NormEpsilon, 0, 1),
            InitializerRange = fields.Number("initializer_range", InitializerRange, 1e-12, 1e6),
            PaddingId = fields.PaddingId(PaddingId),
            TieWordEmbeddings = fields.Flag("tie_word_embeddings", TieWordEmbeddings),
            Labels = fields.Labels(),
        };
    }
}
