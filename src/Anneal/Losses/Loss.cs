namespace Anneal;

/// <summary>
/// What training makes small. A loss gives one value for each position of its output (for each example, or for each step of a sequence);
/// training takes their mean, without the ignored ones.
/// </summary>
/// <remarks>
/// With class weights c the mean is <c>sum(c · loss) / sum(c)</c>, as PyTorch weighs classes; with example weights w it is
/// <c>sum(w · loss) / count</c>, as Keras weighs examples; with both, <c>sum(w · c · loss) / sum(c)</c>.
/// </remarks>
public abstract class Loss
{
    private protected Loss()
    {
    }

    /// <summary>The name in configurations, such as <c>mean_squared_error</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Cross-entropy with one class of several given by its number: outputs <c>[batch, ..., classes]</c>, labels <c>[batch, ...]</c>.</summary>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities, which are normalized and kept within 1e-7 of 0 and 1.</param>
    /// <param name="ignoreIndex">A label that does not count.</param>
    public static Loss SparseCategoricalCrossentropy(bool fromLogits = false, long ignoreIndex = -100) =>
        new SparseCategoricalCrossentropy(fromLogits, ignoreIndex);

    /// <summary>Cross-entropy with a distribution over classes: outputs and targets <c>[batch, ..., classes]</c>.</summary>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities, which are normalized and kept within 1e-7 of 0 and 1.</param>
    public static Loss CategoricalCrossentropy(bool fromLogits = false) => new CategoricalCrossentropy(fromLogits);

    /// <summary>Cross-entropy of independent truth values: outputs and targets <c>[batch, ...]</c>, targets from 0 to 1.</summary>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities, which are kept within 1e-7 of 0 and 1.</param>
    public static Loss BinaryCrossentropy(bool fromLogits = false) => new BinaryCrossentropy(fromLogits);

    /// <summary>The mean of the squared differences: outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss MeanSquaredError() => new MeanSquaredError();

    /// <summary>The mean of the absolute differences: outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss MeanAbsoluteError() => new MeanAbsoluteError();

    /// <summary>Whether outputs are logits rather than probabilities; false where the question has no meaning.</summary>
    internal virtual bool FromLogits => false;

    /// <summary>The targets as the graph takes them, for a batch; whatever the data set holds is converted to it.</summary>
    /// <param name="output">The model's output, <c>[batch, ...]</c>.</param>
    /// <param name="target">The data set's target, <c>[batch, ...]</c>.</param>
    /// <param name="place">What to call it in messages.</param>
    internal abstract TensorType TargetType(TensorType output, TensorType target, string place);

    /// <summary>The loss of each position, <c>[batch, ...]</c>.</summary>
    internal abstract Tensor Values(Tensor output, Tensor target);

    /// <summary>1 for each position that counts and 0 for the others, in the shape of <see cref="Values"/>; null where all count.</summary>
    internal virtual Tensor? Counts(Tensor target) => null;

    /// <summary>Converts targets to the type of the graph and checks each; classes is the last extent of the output.</summary>
    internal abstract void Prepare(TargetCopy copy, long classes);

    /// <summary>The class of each position, for class weights; -1 for one that does not count.</summary>
    /// <exception cref="OptionException">The loss knows no classes.</exception>
    internal virtual void Classes(TensorData target, Span<int> classes) =>
        throw new OptionException($"Class weights need a loss with classes; {Name} has none.");

    internal abstract void WriteConfig(LayerConfig config);

    internal static LayerConfig Write(Loss loss)
    {
        var config = new LayerConfig("loss");
        config.Set("type", loss.Name);
        loss.WriteConfig(config);
        return config;
    }

    internal static Loss Read(LayerConfig config) => config.GetString("type") switch
    {
        "sparse_categorical_crossentropy" => SparseCategoricalCrossentropy(config.GetBoolean("fromLogits"), config.GetInt64("ignoreIndex")),
        "categorical_crossentropy" => CategoricalCrossentropy(config.GetBoolean("fromLogits")),
        "binary_crossentropy" => BinaryCrossentropy(config.GetBoolean("fromLogits")),
        "mean_squared_error" => MeanSquaredError(),
        "mean_absolute_error" => MeanAbsoluteError(),
        { } other => throw config.Fail("type", "a known loss", other),
    };

    /// <summary>A target with as many elements as the output, up to a last axis of 1 on either side.</summary>
    private protected TensorType RequireSameShape(TensorType output, TensorType target, string place)
    {
        Shape a = output.Shape, b = target.Shape;
        bool fits = a == b || (a.Rank == b.Rank + 1 && a[^1] == 1 && a[..^1] == b) || (b.Rank == a.Rank + 1 && b[^1] == 1 && b[..^1] == a);
        return fits
            ? output
            : throw new ShapeException($"{place}: {Name} expects targets of the shape of the output, {ModelSummary.WithBatch(a[1..])}, but found {ModelSummary.WithBatch(b[1..])}.");
    }
}

/// <summary>The targets of a batch on their way from the data set into the graph.</summary>
/// <param name="From">What the data set holds.</param>
/// <param name="To">What the graph reads.</param>
/// <param name="Batch">The batch, to name an example.</param>
/// <param name="Place">What to call the targets in messages.</param>
internal readonly record struct TargetCopy(TensorData From, TensorData To, Batch Batch, string Place)
{
    /// <summary>Such as <c>target 0, example 17</c>, counted in the data set.</summary>
    internal string Describe(long element)
    {
        long each = From.Shape.ElementCount / From.Shape[0];
        return FormattableString.Invariant($"{Place}, example {Batch.Indices[(int)(element / each)]}");
    }
}
