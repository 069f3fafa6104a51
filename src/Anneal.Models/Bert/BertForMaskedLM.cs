namespace Anneal.Models;

/// <summary>
/// BERT (Devlin et al., 2018) that finds the words that were masked. Inputs as <see cref="TextEncoderModel"/> says; output logits float32 <c>[batch, time, vocabulary]</c>.
/// </summary>
public sealed class BertForMaskedLM : BertModel
{
    private readonly MaskedHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public BertForMaskedLM(BertConfig config, string? name = null) : base(config, hasPooler: false, name) =>
        _head = Track(new MaskedHead(
            config.HiddenSize, config.VocabularySize, config.HiddenActivation, config.NormEpsilon, config.TieWordEmbeddings ? Encoder.Words : null, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new BertForMaskedLM Load(string folder, PretrainedLoadOptions? options = null) => Load<BertForMaskedLM>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => [_head.Apply(hidden)];

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("cls.predictions.transform.dense", _head.Inner);
        table.Norm("cls.predictions.transform.LayerNorm", _head.Norm);
        BertNames.MapWords(table, _head, "cls.predictions.decoder", "cls.predictions.bias", "bert.embeddings.word_embeddings.weight");
    }
}
