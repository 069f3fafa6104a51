using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of DistilBERT (Sanh et al., 2019).</summary>
public sealed record DistilBertConfig : ClassifierConfig
{
    /// <summary>What normalizations add to the variance; no field says otherwise.</summary>
    internal const double NormEpsilon = 1e-12;

    /// <inheritdoc/>
    public override string ModelType => "distilbert";

    /// <summary>The number of tokens.</summary>
    public int VocabularySize { get; init; } = 30522;

    /// <summary>The length of the longest text.</summary>
    public int MaximumPositions { get; init; } = 512;

    /// <summary>The number of layers.</summary>
    public int LayerCount { get; init; } = 6;

    /// <summary>The number of heads.</summary>
    public int HeadCount { get; init; } = 12;

    /// <summary>The features of a token between the layers.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>The features inside of the feed-forward networks.</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>The activation of the feed-forward networks.</summary>
    public Activation HiddenActivation { get; init; } = Activation.Gelu;

    /// <summary>Dropout of embeddings and of the results of feed-forward networks, in training.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout of the weights of attention, in training.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout before the ends of answers are found, in training.</summary>
    public double SpanDropout { get; init; } = 0.1;

    /// <summary>Dropout before texts are classified, in training.</summary>
    public double ClassifierDropout { get; init; } = 0.2;

    /// <summary>The standard deviation of the first weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The token of padding, whose row gets no gradient; null where there is none.</summary>
    public int? PaddingId { get; init; } = 0;

    /// <summary>Whether the logits of a masked language model come from the table of the tokens.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    internal override int Depth => LayerCount;

    internal Initializer Initializer => new RandomNormal(0, InitializerRange);

    internal TextEncoderOptions EncoderOptions => new()
    {
        Layers = new EncoderOptions
        {
            Width = HiddenSize,
            Inner = IntermediateSize,
            Heads = HeadCount,
            Activation = HiddenActivation,
            NormEpsilon = NormEpsilon,
            Dropout = HiddenDropout,
            DropsAttended = false,
            AttentionDropout = AttentionDropout,
            Initializer = Initializer,
        },
        LayerCount = LayerCount,
        VocabularySize = VocabularySize,
        MaximumPositions = MaximumPositions,
        TypeVocabularySize = 0,
        PaddingId = PaddingId,
    };

    internal override void Check(string file)
    {
        RequireSizes(
            file, ("vocab_size", VocabularySize, ConfigFields.MostTokens), ("max_position_embeddings", MaximumPositions, ConfigFields.MostTokens),
            ("n_layers", LayerCount, ConfigFields.MostLayers), ("n_heads", HeadCount, ConfigFields.MostWidth), ("dim", HiddenSize, ConfigFields.MostWidth),
            ("hidden_dim", IntermediateSize, ConfigFields.MostWidth));
        RequireHeads(file, "n_heads", HeadCount, "dim", HiddenSize);
        RequireLabels(file, Labels);
        Require(PaddingId is null || PaddingId < VocabularySize, file, "pad_token_id", $"a token below vocab_size, which is {VocabularySize}", PaddingId ?? 0);
    }

    internal override DistilBertConfig Read(ConfigFields fields) => new()
    {
        Source = Text(fields.Values),
        VocabularySize = fields.Int("vocab_size", 30522, 1, ConfigFields.MostTokens),
        MaximumPositions = fields.Int("max_position_embeddings", 512, 1, ConfigFields.MostTokens),
        LayerCount = fields.Int("n_layers", 6, 1, ConfigFields.MostLayers),
        HeadCount = fields.Int("n_heads", 12, 1, ConfigFields.MostWidth),
        HiddenSize = fields.Int("dim", 768, 1, ConfigFields.MostWidth),
        IntermediateSize = fields.Int("hidden_dim", 3072, 1, ConfigFields.MostWidth),
        HiddenActivation = fields.Activation("activation", Activation.Gelu),
        HiddenDropout = fields.Dropout("dropout", 0.1),
        AttentionDropout = fields.Dropout("attention_dropout", 0.1),
        SpanDropout = fields.Dropout("qa_dropout", 0.1),
        ClassifierDropout = fields.Dropout("seq_classif_dropout", 0.2),
        InitializerRange = fields.Number("initializer_range", 0.02, 1e-12, 1e6),
        PaddingId = fields.PaddingId(0),
        TieWordEmbeddings = fields.Flag("tie_word_embeddings", true),
        Labels = fields.Labels(),
    };

    internal override void WriteFields(JsonObject fields)
    {
        fields["vocab_size"] = VocabularySize;
        fields["max_position_embeddings"] = MaximumPositions;
        fields["n_layers"] = LayerCount;
        fields["n_heads"] = HeadCount;
        fields["dim"] = HiddenSize;
        fields["hidden_dim"] = IntermediateSize;
        fields["activation"] = ActivationNames.NameOf(HiddenActivation, "activation");
        fields["dropout"] = HiddenDropout;
        fields["attention_dropout"] = AttentionDropout;
        fields["qa_dropout"] = SpanDropout;
        fields["seq_classif_dropout"] = ClassifierDropout;
        fields["initializer_range"] = InitializerRange;
        fields["pad_token_id"] = PaddingId;
        fields["tie_word_embeddings"] = TieWordEmbeddings;
        WriteLabels(fields, Labels);
    }
}
