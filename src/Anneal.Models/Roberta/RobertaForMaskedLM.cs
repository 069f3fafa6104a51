namespace Anneal.Models;

/// <summary>
/// RoBERTa (Liu et al., 2019) that finds the words that were masked. Inputs as <see cref="TextEncoderModel"/> says; output logits float32 <c>[batch, time, vocabulary]</c>.
/// </summary>
public sealed class RobertaForMaskedLM : RobertaModel
{
    private readonly MaskedHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public RobertaForMaskedLM(RobertaConfig config, string? name = null) : base(config, name) =>
        _head = Track(new MaskedHead(
            config.HiddenSize, config.VocabularySize, Activation.Gelu, config.NormEpsilon, config.TieWordEmbeddings ? Encoder.Words : null, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new RobertaForMaskedLM Load(string folder, PretrainedLoadOptions? options = null) => Load<RobertaForMaskedLM>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => [_head.Apply(hidden)];

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("lm_head.dense", _head.Inner);
        table.Norm("lm_head.layer_norm", _head.Norm);
        BertNames.MapWords(table, _head, "lm_head.decoder", "lm_head.bias", "roberta.embeddings.word_embeddings.weight");
    }
}
