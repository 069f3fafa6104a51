using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>What the configurations of encoders of texts have in common: BERT, RoBERTa and DistilBERT.</summary>
public abstract record TextEncoderConfig : ClassifierConfig
{
    private protected TextEncoderConfig()
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

    /// <summary>Dropout of embeddings and of what is added to a layer's input, in training; in DistilBERT not of what attention gives.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout of the weights of attention, in training.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>The rows of the table of positions.</summary>
    public int MaximumPositions { get; init; } = 512;

    /// <summary>The standard deviation of the first weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The token of padding, whose row gets no gradient; null where there is none.</summary>
    public int? PaddingId { get; init; }

    /// <summary>Whether the logits of a masked language model come from the table of the tokens.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    internal override int Depth => LayerCount;

    /// <summary>The standard deviation of the first weights, as layers take it.</summary>
    internal Initializer Initializer => new RandomNormal(0, InitializerRange);

    /// <summary>What the family calls the fields that others call otherwise.</summary>
    private protected abstract FieldNames Fields { get; }

    internal override void Check(string file)
    {
        RequireSizes(
            file, ("vocab_size", VocabularySize, ConfigFields.MostTokens), (Fields.Width, HiddenSize, ConfigFields.MostWidth),
            (Fields.Layers, LayerCount, ConfigFields.MostLayers), (Fields.Heads, HeadCount, ConfigFields.MostWidth),
            (Fields.Inner, IntermediateSize, ConfigFields.MostWidth), ("max_position_embeddings", MaximumPositions, ConfigFields.MostTokens));
        RequireHeads(file, Fields.Heads, HeadCount, Fields.Width, HiddenSize);
        RequireLabels(file, Labels);
        Require(PaddingId is null || PaddingId < VocabularySize, file, "pad_token_id", $"a token below vocab_size, which is {VocabularySize}", PaddingId ?? 0);
    }

    internal override void WriteFields(JsonObject fields)
    {
        fields["vocab_size"] = VocabularySize;
        fields[Fields.Width] = HiddenSize;
        fields[Fields.Layers] = LayerCount;
        fields[Fields.Heads] = HeadCount;
        fields[Fields.Inner] = IntermediateSize;
        fields[Fields.Activation] = ActivationNames.NameOf(HiddenActivation, Fields.Activation);
        fields[Fields.Dropout] = HiddenDropout;
        fields[Fields.AttentionDropout] = AttentionDropout;
        fields["max_position_embeddings"] = MaximumPositions;
        fields["initializer_range"] = InitializerRange;
        fields["pad_token_id"] = PaddingId;
        fields["tie_word_embeddings"] = TieWordEmbeddings;
        WriteLabels(fields, Labels);
    }

    /// <summary>The configuration with the fields that all families have; those of this one stay as they are.</summary>
    private protected TextEncoderConfig WithCommon(ConfigFields fields) => this with
    {
        Source = Text(fields.Values),
        VocabularySize = fields.Int("vocab_size", VocabularySize, 1, ConfigFields.MostTokens),
        HiddenSize = fields.Int(Fields.Width, HiddenSize, 1, ConfigFields.MostWidth),
        LayerCount = fields.Int(Fields.Layers, LayerCount, 1, ConfigFields.MostLayers),
        HeadCount = fields.Int(Fields.Heads, HeadCount, 1, ConfigFields.MostWidth),
        IntermediateSize = fields.Int(Fields.Inner, IntermediateSize, 1, ConfigFields.MostWidth),
        HiddenActivation = fields.Activation(Fields.Activation, HiddenActivation),
        HiddenDropout = fields.Dropout(Fields.Dropout, HiddenDropout),
        AttentionDropout = fields.Dropout(Fields.AttentionDropout, AttentionDropout),
        MaximumPositions = fields.Int("max_position_embeddings", MaximumPositions, 1, ConfigFields.MostTokens),
        InitializerRange = fields.Number("initializer_range", InitializerRange, 1e-12, 1e6),
        PaddingId = fields.PaddingId(PaddingId),
        TieWordEmbeddings = fields.Flag("tie_word_embeddings", TieWordEmbeddings),
        Labels = fields.Labels(),
    };

    /// <summary>The encoder without what distinguishes the family.</summary>
    private protected TextEncoderOptions CommonOptions(double normEpsilon, int typeVocabularySize) => new()
    {
        Layers = new EncoderOptions
        {
            Width = HiddenSize,
            Inner = IntermediateSize,
            Heads = HeadCount,
            Activation = HiddenActivation,
            NormEpsilon = normEpsilon,
            Dropout = HiddenDropout,
            AttentionDropout = AttentionDropout,
            Initializer = Initializer,
        },
        LayerCount = LayerCount,
        VocabularySize = VocabularySize,
        MaximumPositions = MaximumPositions,
        TypeVocabularySize = typeVocabularySize,
        PaddingId = PaddingId,
    };

    /// <summary>The names of fields.</summary>
    private protected sealed record FieldNames(string Width, string Layers, string Heads, string Inner, string Activation, string Dropout, string AttentionDropout);
}
