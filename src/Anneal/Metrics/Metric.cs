namespace Anneal;

/// <summary>
/// What training reports besides the loss. There are two kinds, both open to derive from: a <see cref="SumMetric"/> gives a sum and a count
/// within the graph of the step; a <see cref="StreamingMetric"/> sees outputs and targets on the host and can be used without a model too. The
/// value of an epoch is that of all of its examples, however they are batched, never a mean of values of batches. Example weights and
/// class weights do not enter; ignored labels and masked steps do not count, and where nothing counts there is no value.
/// </summary>
public abstract class Metric
{
    private string _name;

    private protected Metric(string name) => _name = RequireName(name);

    /// <summary>The name in <see cref="History"/>, such as <c>accuracy</c>; it may be set where the metric is made.</summary>
    /// <exception cref="OptionException">The name is empty.</exception>
    public string Name
    {
        get => _name;
        init => _name = RequireName(value);
    }

    /// <summary>The name under which the configuration is stored: the name of the class, unless it is overridden.</summary>
    public virtual string TypeName => GetType().Name;

    /// <summary>Whether a larger value is a better one; callbacks that watch the metric ask.</summary>
    public virtual bool LargerIsBetter => true;

    /// <summary>
    /// The share of right answers, of the kind that belongs to the loss: the largest output against the label for the categorical losses;
    /// for others each output against 0.5 (a logit against 0 where the loss takes logits).
    /// </summary>
    public static Metric Accuracy { get; } = new LossAccuracy();

    /// <summary>The share of outputs <c>[batch, ...]</c> on the same side of a threshold as the targets <c>[batch, ...]</c> of 0.5.</summary>
    /// <param name="threshold">An output above it stands for 1.</param>
    public static Metric BinaryAccuracy(double threshold = 0.5) => new BinaryAccuracy(threshold);

    /// <summary>The share of positions whose largest output <c>[batch, ..., classes]</c> is at the label <c>[batch, ...]</c>.</summary>
    public static Metric SparseCategoricalAccuracy() => new SparseCategoricalAccuracy();

    /// <summary>The share of positions whose largest output is where the largest target is: both <c>[batch, ..., classes]</c>.</summary>
    public static Metric CategoricalAccuracy() => new CategoricalAccuracy();

    /// <summary>Writes what the constructor needs to make this metric again; the name is stored besides. Without an override there is nothing to write.</summary>
    protected internal virtual void WriteConfig(LayerConfig config)
    {
    }

    internal void Rename(string name) => _name = RequireName(name);

    private static string RequireName(string name) => !string.IsNullOrWhiteSpace(name)
        ? name
        : throw new OptionException("A metric needs a name that is not empty.");
}
