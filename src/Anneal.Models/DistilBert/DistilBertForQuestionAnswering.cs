namespace Anneal.Models;

/// <summary>
/// DistilBERT (Sanh et al., 2019) that finds where an answer begins and ends. Inputs as <see cref="TextEncoderModel"/> says; two outputs float32 <c>[batch, time]</c>, the logits of its first and of its last token.
/// </summary>
public sealed class DistilBertForQuestionAnswering : DistilBertModel
{
    private readonly SpanHead _head;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public DistilBertForQuestionAnswering(DistilBertConfig config, string? name = null) : base(config, name) =>
        _head = Track(new SpanHead(config.SpanDropout, config.Initializer));

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new DistilBertForQuestionAnswering Load(string folder, PretrainedLoadOptions? options = null) => Load<DistilBertForQuestionAnswering>(folder, options);

    private protected override Tensor[] Head(Tensor hidden) => _head.Spans(hidden);

    private protected override void MapHead(WeightTable table)
    {
        table.Linear("qa_outputs", _head.Ends);
    }
}
