namespace Anneal.Models;

/// <summary>A model with the encoder of BERT (Devlin et al., 2018) and a head.</summary>
public abstract class BertModel : TextEncoderModel
{
    private protected BertModel(BertConfig config, bool hasPooler, string? name) : base(config, config.EncoderOptions(countsFromPadding: false, hasPooler), name)
    {
    }

    /// <summary>What the model looks like.</summary>
    public new BertConfig Config => (BertConfig)base.Config;

    internal override string BodyPrefix => "bert";

    internal override void MapWeights(WeightTable table)
    {
        BertNames.MapEncoder(table, "bert", Encoder);
        MapHead(table);
    }

    private protected abstract void MapHead(WeightTable table);
}
