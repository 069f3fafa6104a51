using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>What the configurations of BERT and RoBERTa have in common.</summary>
public abstract record BertLikeConfig : TextEncoderConfig
{
    private static readonly FieldNames Names = new(
        "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act", "hidden_dropout_prob", "attention_probs_dropout_prob");

    private protected BertLikeConfig()
    {
    }

    /// <summary>Dropout before a classifier, in training; null is <see cref="TextEncoderConfig.HiddenDropout"/>.</summary>
    public double? ClassifierDropout { get; init; }

    /// <summary>The kinds of segments.</summary>
    public int TypeVocabularySize { get; init; } = 2;

    /// <summary>What is added to the variance in normalizations.</summary>
    public double NormEpsilon { get; init; } = 1e-12;

    private protected override FieldNames Fields => Names;

    /// <summary>The encoder.</summary>
    internal TextEncoderOptions EncoderOptions(bool countsFromPadding, bool hasPooler) =>
        CommonOptions(NormEpsilon, TypeVocabularySize) with { CountsFromPadding = countsFromPadding, HasPooler = hasPooler };

    internal override void Check(string file)
    {
        base.Check(file);
        RequireSizes(file, ("type_vocab_size", TypeVocabularySize, ConfigFields.MostWidth));
    }

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["classifier_dropout"] = ClassifierDropout;
        fields["type_vocab_size"] = TypeVocabularySize;
        fields["layer_norm_eps"] = NormEpsilon;
    }

    private protected BertLikeConfig WithShared(ConfigFields fields)
    {
        fields.RequireFlag("is_decoder", false);
        fields.RequireFlag("add_cross_attention", false);
        fields.RequireText("position_embedding_type", "absolute");
        return (BertLikeConfig)WithCommon(fields) with
        {
            ClassifierDropout = fields.OptionalNumber("classifier_dropout", 0, Math.BitDecrement(1.0)),
            TypeVocabularySize = fields.Int("type_vocab_size", TypeVocabularySize, 1, ConfigFields.MostWidth),
            NormEpsilon = fields.Number("layer_norm_eps", NormEpsilon, 0, 1),
        };
    }
}
