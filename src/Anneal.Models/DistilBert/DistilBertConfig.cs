using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of DistilBERT (Sanh et al., 2019).</summary>
public sealed record DistilBertConfig : TextEncoderConfig
{
    /// <summary>What normalizations add to the variance; no field says otherwise.</summary>
    internal const double NormEpsilon = 1e-12;

    private static readonly FieldNames Names = new("dim", "n_layers", "n_heads", "hidden_dim", "activation", "dropout", "attention_dropout");

    /// <summary>Makes a configuration with the defaults of the family.</summary>
    public DistilBertConfig() => (LayerCount, PaddingId) = (6, 0);

    /// <inheritdoc/>
    public override string ModelType => "distilbert";

    /// <summary>Dropout before the ends of answers are found, in training.</summary>
    public double SpanDropout { get; init; } = 0.1;

    /// <summary>Dropout before texts are classified, in training.</summary>
    public double ClassifierDropout { get; init; } = 0.2;

    private protected override FieldNames Fields => Names;

    internal TextEncoderOptions EncoderOptions
    {
        get
        {
            TextEncoderOptions common = CommonOptions(NormEpsilon, typeVocabularySize: 0);
            return common with { Layers = common.Layers with { DropsAttended = false } };
        }
    }

    internal override DistilBertConfig Read(ConfigFields fields) => (DistilBertConfig)new DistilBertConfig().WithCommon(fields) with
    {
        SpanDropout = fields.Dropout("qa_dropout", 0.1),
        ClassifierDropout = fields.Dropout("seq_classif_dropout", 0.2),
    };

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["qa_dropout"] = SpanDropout;
        fields["seq_classif_dropout"] = ClassifierDropout;
    }
}
