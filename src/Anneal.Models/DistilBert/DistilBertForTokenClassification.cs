namespace Anneal.Models;

/// <summary>
/// DistilBERT (Sanh et al., 2019) that classifies each token. Inputs as <see cref="TextEncoderModel"/> says; output logits float32 <c>[batch, time, classes]</c>.
/// </summary>
public sealed class DistilBertForTokenClassification : DistilBertModel
{
    private readonly TokenHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public DistilBertForTokenClassification(DistilBertConfig config, string? name = null) : base(config, name) =>
        _head = Track(new TokenHead(config.Labels.Count, config.HiddenDropout, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new DistilBertForTokenClassification Load(string folder, PretrainedLoadOptions? options = null) => Load<DistilBertForTokenClassification>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => [_head.Apply(hidden)];

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("classifier", _head.Classifier);
    }
}
