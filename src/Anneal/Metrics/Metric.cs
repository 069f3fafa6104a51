namespace Anneal;

/// <summary>
/// What training reports besides the loss. The graph gives a sum and a count for each batch; the host adds them in double precision, so
/// the value of an epoch is exact however the examples are batched. Example weights and class weights do not enter.
/// </summary>
public abstract class Metric
{
    private protected Metric(string name) => Name = name;

    /// <summary>The name in <see cref="History"/>, such as <c>accuracy</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// The share of right answers, of the kind that belongs to the loss: the largest output against the label for the categorical losses;
    /// for others each output against 0.5 (a logit against 0 where the loss takes logits).
    /// </summary>
    public static Metric Accuracy { get; } = new Accuracy();

    /// <summary>The share of outputs <c>[batch, ...]</c> on the same side of a threshold as the targets <c>[batch, ...]</c> of 0.5.</summary>
    /// <param name="threshold">An output above it stands for 1.</param>
    public static Metric BinaryAccuracy(double threshold = 0.5) => new BinaryAccuracy(threshold);

    /// <summary>The share of positions whose largest output <c>[batch, ..., classes]</c> is at the label <c>[batch, ...]</c>.</summary>
    public static Metric SparseCategoricalAccuracy() => new SparseCategoricalAccuracy();

    /// <summary>The share of positions whose largest output is where the largest target is: both <c>[batch, ..., classes]</c>.</summary>
    public static Metric CategoricalAccuracy() => new CategoricalAccuracy();

    /// <summary>Records the sum and the count (null for the number of positions) over a batch.</summary>
    /// <param name="output">The model's output, <c>[batch, ...]</c>.</param>
    /// <param name="target">The targets as the loss takes them.</param>
    /// <param name="loss">The loss, which knows what the output means and which positions count.</param>
    /// <exception cref="ModelException">The metric cannot judge outputs of this loss.</exception>
    internal abstract MetricSum Measure(Tensor output, Tensor target, Loss loss);

    internal abstract void WriteConfig(LayerConfig config);

    internal static LayerConfig Write(Metric metric)
    {
        var config = new LayerConfig("metric");
        config.Set("type", metric.Name);
        metric.WriteConfig(config);
        return config;
    }

    internal static Metric Read(LayerConfig config) => config.GetString("type") switch
    {
        "accuracy" => Accuracy,
        "binary_accuracy" => BinaryAccuracy(config.GetDouble("threshold")),
        "sparse_categorical_accuracy" => SparseCategoricalAccuracy(),
        "categorical_accuracy" => CategoricalAccuracy(),
        { } other => throw config.Fail("type", "a known metric", other),
    };
}

/// <summary>What a metric gives for a batch.</summary>
/// <param name="Sum">The sum over the positions that count.</param>
/// <param name="Count">How many count, as a tensor; null where it is <paramref name="Positions"/>.</param>
/// <param name="Positions">How many positions there are.</param>
internal readonly record struct MetricSum(Tensor Sum, Tensor? Count, long Positions)
{
    /// <summary>The number of true values, without the positions that do not count.</summary>
    internal static MetricSum OfTrue(Tensor isRight, Tensor? counts)
    {
        Tensor right = isRight.Cast(DType.Float32);
        return counts is null
            ? new MetricSum(right.Sum(), null, right.Shape.ElementCount)
            : new MetricSum((right * counts).Sum(), counts.Sum(), right.Shape.ElementCount);
    }
}
