namespace Anneal.Models;

/// <summary>
/// RoBERTa (Liu et al., 2019) that classifies texts. Inputs as <see cref="TextEncoderModel"/> says; output logits float32 <c>[batch, classes]</c>.
/// </summary>
public sealed class RobertaForSequenceClassification : RobertaModel
{
    private readonly SequenceHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public RobertaForSequenceClassification(RobertaConfig config, string? name = null) : base(config, name) =>
        _head = Track(new SequenceHead(config.HiddenSize, config.Labels.Count, hasInner: true, Activation.Tanh, config.ClassifierDropout ?? config.HiddenDropout, dropsFirst: true, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new RobertaForSequenceClassification Load(string folder, PretrainedLoadOptions? options = null) => Load<RobertaForSequenceClassification>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => [_head.Apply(First(hidden))];

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("classifier.dense", _head.Inner!);
        table.Linear("classifier.out_proj", _head.Classifier);
    }
}
