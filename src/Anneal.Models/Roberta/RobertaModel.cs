namespace Anneal.Models;

/// <summary>A model with the encoder of RoBERTa (Liu et al., 2019) and a head.</summary>
public abstract class RobertaModel : TextEncoderModel
{
    private protected RobertaModel(RobertaConfig config, string? name) : base(config, config.EncoderOptions(countsFromPadding: true, hasPooler: false), name)
    {
    }

    /// <summary>What the model looks like.</summary>
    public new RobertaConfig Config => (RobertaConfig)base.Config;

    internal override string BodyPrefix => "roberta";

    internal override void MapWeights(WeightTable table)
    {
        BertNames.MapEncoder(table, "roberta", Encoder);
        MapHead(table);
    }

    private protected abstract void MapHead(WeightTable table);
}
