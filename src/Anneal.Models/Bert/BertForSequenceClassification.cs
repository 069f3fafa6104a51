namespace Anneal.Models;

/// <summary>
/// BERT (Devlin et al., 2018) that classifies texts. Inputs as <see cref="TextEncoderModel"/> says; output logits float32 <c>[batch, classes]</c>.
/// </summary>
public sealed class BertForSequenceClassification : BertModel
{
    private readonly SequenceHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public BertForSequenceClassification(BertConfig config, string? name = null) : base(config, hasPooler: true, name) =>
        _head = Track(new SequenceHead(config.HiddenSize, config.Labels.Count, hasInner: false, Activation.Linear, config.ClassifierDropout ?? config.HiddenDropout, dropsFirst: false, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new BertForSequenceClassification Load(string folder, PretrainedLoadOptions? options = null) => Load<BertForSequenceClassification>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => [_head.Apply(Encoder.Pooler!.Apply(First(hidden)))];

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("classifier", _head.Classifier);
    }
}
