namespace Anneal.Models;

/// <summary>
/// DistilBERT (Sanh et al., 2019) that classifies texts. Inputs as <see cref="TextEncoderModel"/> says; output logits float32 <c>[batch, classes]</c>.
/// </summary>
public sealed class DistilBertForSequenceClassification : DistilBertModel
{
    private readonly SequenceHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public DistilBertForSequenceClassification(DistilBertConfig config, string? name = null) : base(config, name) =>
        _head = Track(new SequenceHead(config.HiddenSize, config.Labels.Count, hasInner: true, Activation.Relu, config.ClassifierDropout, dropsFirst: false, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new DistilBertForSequenceClassification Load(string folder, PretrainedLoadOptions? options = null) => Load<DistilBertForSequenceClassification>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => [_head.Apply(First(hidden))];

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("pre_classifier", _head.Inner!);
        table.Linear("classifier", _head.Classifier);
    }
}
