namespace Anneal.Models;

/// <summary>The configuration of BERT (Devlin et al., 2018).</summary>
public sealed record BertConfig : BertLikeConfig
{
    /// <summary>Makes a configuration with the defaults of the family: those of the base model.</summary>
    public BertConfig() => PaddingId = 0;

    /// <inheritdoc/>
    public override string ModelType => "bert";

    internal override BertConfig Read(ConfigFields fields) => (BertConfig)new BertConfig().WithShared(fields);
}
