namespace Anneal.Models;

/// <summary>The configuration of RoBERTa (Liu et al., 2019). Positions are counted from the one behind <see cref="TextEncoderConfig.PaddingId"/>.</summary>
public sealed record RobertaConfig : BertLikeConfig
{
    /// <summary>Makes a configuration with the defaults of the family.</summary>
    public RobertaConfig() => (VocabularySize, PaddingId) = (50265, 1);

    /// <inheritdoc/>
    public override string ModelType => "roberta";

    internal override void Check(string file)
    {
        base.Check(file);
        if (PaddingId is not { } padding)
            throw new ModelConfigException(file, "pad_token_id", "a token, from which positions are counted", "nothing");
        Require(MaximumPositions > padding + 1, file, "max_position_embeddings", $"more than the {padding + 1} positions up to padding", MaximumPositions);
    }

    internal override RobertaConfig Read(ConfigFields fields) => (RobertaConfig)new RobertaConfig().WithShared(fields);
}
