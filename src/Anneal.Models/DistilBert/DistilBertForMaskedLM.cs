namespace Anneal.Models;

/// <summary>
/// DistilBERT (Sanh et al., 2019) that finds the words that were masked. Inputs as <see cref="TextEncoderModel"/> says; output logits float32 <c>[batch, time, vocabulary]</c>.
/// </summary>
public sealed class DistilBertForMaskedLM : DistilBertModel
{
    private readonly MaskedHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public DistilBertForMaskedLM(DistilBertConfig config, string? name = null) : base(config, name) =>
        _head = Track(new MaskedHead(
            config.HiddenSize, config.VocabularySize, config.HiddenActivation, DistilBertConfig.NormEpsilon, config.TieWordEmbeddings ? Encoder.Words : null, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new DistilBertForMaskedLM Load(string folder, PretrainedLoadOptions? options = null) => Load<DistilBertForMaskedLM>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => [_head.Apply(hidden)];

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("vocab_transform", _head.Inner);
        table.Norm("vocab_layer_norm", _head.Norm);
        table.Add("vocab_projector.bias", _head.Bias);
        if (_head.Projection is null)
            table.Tied("vocab_projector.weight", "distilbert.embeddings.word_embeddings.weight");
        else
            table.Linear("vocab_projector", _head.Projection);
    }
}
