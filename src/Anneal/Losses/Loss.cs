namespace Anneal;

/// <summary>
/// What training makes small. A loss gives one value for each position of its output (for each example, or for each step of a sequence);
/// training takes their mean, without the positions that do not count: ignored labels, and steps that the output's mask leaves out.
/// </summary>
/// <remarks>
/// <para>
/// With class weights c the mean is <c>sum(c · loss) / sum(c)</c>, as PyTorch weighs classes; with example weights w it is
/// <c>sum(w · loss) / count</c>, as Keras weighs examples; with both, <c>sum(w · c · loss) / sum(c)</c>.
/// </para>
/// <para>
/// To add a loss, derive from this class in one file: <see cref="Name"/> and <see cref="Values"/> are enough where targets are numbers
/// in the shape of the output; <see cref="Targets"/> names the other common kinds. To load models that were compiled with it, write its
/// options in <see cref="WriteConfig"/> and register it with <see cref="LossRegistry"/>.
/// </para>
/// </remarks>
public abstract partial class Loss
{
    /// <summary>Makes a loss.</summary>
    protected Loss()
    {
    }

    /// <summary>The name in configurations, such as <c>mean_squared_error</c>: the same for all losses of a class.</summary>
    public abstract string Name { get; }

    /// <summary>What the targets mean. It chooses what <see cref="TargetType"/> and <see cref="Counts"/> do unless they are overridden.</summary>
    protected internal virtual TargetKind Targets => TargetKind.Values;

    /// <summary>Whether outputs are logits rather than probabilities; false where the question has no meaning.</summary>
    protected internal virtual bool FromLogits => false;

    /// <summary>The label that does not count; only for <see cref="TargetKind.Labels"/>.</summary>
    protected internal virtual long IgnoreIndex => -100;

    /// <summary>The smallest and the largest target of float32; one outside of it, and NaN, is a <see cref="LabelException"/> before the step.</summary>
    protected internal virtual (double Low, double High) TargetRange => Targets == TargetKind.Values ? (float.MinValue, float.MaxValue) : (0, 1);

    /// <summary>The targets as the graph takes them, for a batch: float32, or int32 for labels; whatever the data set holds is converted to it.</summary>
    /// <param name="output">The model's output, <c>[batch, ...]</c>.</param>
    /// <param name="target">The data set's target, <c>[batch, ...]</c>.</param>
    /// <param name="place">What to call it in messages.</param>
    /// <exception cref="ShapeException">Output or target have another shape than the loss expects.</exception>
    /// <exception cref="DTypeException">The target has another data type than the loss expects.</exception>
    protected internal virtual TensorType TargetType(TensorType output, TensorType target, string place) => Targets switch
    {
        TargetKind.Labels => RequireLabels(output, target, place),
        TargetKind.Distributions => RequireDistributions(output, target, place),
        _ => RequireSameShape(output, target, place),
    };

    /// <summary>The loss of each position: <c>[batch]</c>, or <c>[batch, time]</c> where the steps of a sequence each have one.</summary>
    /// <param name="output">The model's output, float32 <c>[batch, ...]</c>.</param>
    /// <param name="target">The targets, of the type that <see cref="TargetType"/> gave.</param>
    protected internal abstract Tensor Values(Tensor output, Tensor target);

    /// <summary>
    /// 1 for each position that counts and 0 for the others, float32 in the shape of <see cref="Values"/>; null where all count. Ignored
    /// labels are negative here, whatever number stands for them in the data set. Masks come on top of it.
    /// </summary>
    /// <param name="target">The targets, of the type that <see cref="TargetType"/> gave.</param>
    protected internal virtual Tensor? Counts(Tensor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (Targets != TargetKind.Labels)
            return null;
        Tensor counts = target.GreaterOrEqual(0);
        return (IgnoreIndex < 0 ? counts : counts & target.NotEqualTo(IgnoreIndex)).Cast(DType.Float32);
    }

    /// <summary>Writes what the constructor needs to make this loss again. Without an override there is nothing to write.</summary>
    protected internal virtual void WriteConfig(LayerConfig config)
    {
    }

    /// <summary>
    /// The mean of the positions that count, for training loops of one's own: 0 where none does. Ignored labels and the mask of the
    /// output do not enter.
    /// </summary>
    /// <param name="output">The output, <c>[batch, ...]</c>.</param>
    /// <param name="target">The targets, float32, or int32 for labels, in the shape that the loss states.</param>
    public Tensor Mean(Tensor output, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(target);
        Tensor values = Masked(output, Values(output, target));
        return PositionCounts(output, target, values.Shape) is { } counts ? MeanOf(values, counts.Cast(values.DType)) : values.Mean();
    }

    /// <summary>The mask of an output <c>[batch, time, ...]</c>: bool <c>[batch, time]</c>, true where a step counts; null where all do.</summary>
    protected static Tensor? MaskOf(Tensor output) => Masks.Of(output);

    /// <summary>
    /// The mean over the axes of a position: <c>[batch, ...]</c> to <c>[batch]</c>, or to <c>[batch, time]</c> where the output has a mask,
    /// so that the steps that it leaves out can be left out.
    /// </summary>
    /// <param name="elements">A value for each element of the output.</param>
    /// <param name="output">The model's output.</param>
    protected static Tensor MeanOfPositions(Tensor elements, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(elements);
        ArgumentNullException.ThrowIfNull(output);
        int kept = Masks.Of(output) is { } mask ? mask.Shape.Rank : 1;
        Tensor flat = elements.Reshape(elements.Shape[..kept].Concat(elements.Shape[kept..].ElementCount));
        return flat.Shape[kept] == 1 ? flat.Reshape(flat.Shape[..kept]) : flat.Mean([kept]);
    }

    /// <summary>Makes sure that a target has as many elements as the output, up to a last axis of 1 on either side.</summary>
    /// <returns>The type of the output.</returns>
    /// <exception cref="ShapeException">It has others.</exception>
    protected TensorType RequireSameShape(TensorType output, TensorType target, string place)
    {
        Shape a = output.Shape, b = target.Shape;
        bool fits = a == b || (a.Rank == b.Rank + 1 && a[^1] == 1 && a[..^1] == b) || (b.Rank == a.Rank + 1 && b[^1] == 1 && b[..^1] == a);
        return fits
            ? output
            : throw new ShapeException($"{place}: {Name} expects targets of the shape of the output, {ModelSummary.WithBatch(a[1..])}, but found {ModelSummary.WithBatch(b[1..])}.");
    }

    /// <summary>The mean of values weighted by what counts; 0 where nothing does, not 0 / 0.</summary>
    internal static Tensor MeanOf(Tensor values, Tensor norm)
    {
        Tensor count = norm.Sum();
        Tensor divisor = Tensor.Select(count.EqualTo(0), count.FillLike(1), count);

        // Not a product alone: what does not count may be infinite or no number at all.
        return Tensor.Select(norm.EqualTo(0), values.FillLike(0), values * norm).Sum() / divisor;
    }

    /// <summary>What counts of positions, by labels and by the mask of the output; null where all do.</summary>
    internal Tensor? PositionCounts(Tensor output, Tensor target, Shape positions)
    {
        Tensor? counts = Counts(target);
        if (PositionMask(output, positions) is not { } mask)
            return counts;
        Tensor kept = mask.Cast(DType.Float32);
        return counts is null ? kept : counts * kept;
    }

    /// <summary>The values with 0 in place of those that the mask of the output leaves out, whatever stands there, be it NaN.</summary>
    internal static Tensor Masked(Tensor output, Tensor values) =>
        PositionMask(output, values.Shape) is { } mask ? Tensor.Select(mask, values, values.FillLike(0)) : values;

    private static Tensor? PositionMask(Tensor output, Shape positions)
    {
        if (Masks.Of(output) is not { } mask || mask.Shape.Rank > positions.Rank || positions[..mask.Shape.Rank] != mask.Shape)
            return null;
        Tensor spread = mask;
        while (spread.Shape.Rank < positions.Rank)
            spread = spread.ExpandAxis(-1);
        return spread.BroadcastTo(positions);
    }

    private TensorType RequireLabels(TensorType output, TensorType target, string place)
    {
        CrossentropyMath.RequireClasses(output, Name, place);
        if (!target.DType.IsInteger())
        {
            throw new DTypeException(
                $"{place}: {Name} expects the numbers of classes as whole numbers, but found {target.DType.Name()}. Hint: for one-hot targets use categorical_crossentropy.");
        }

        Shape expected = output.Shape[..^1];
        if (target.Shape != expected && target.Shape != expected.Concat(1))
        {
            throw new ShapeException(
                $"{place}: {Name} expects labels of shape {ModelSummary.WithBatch(expected[1..])} for an output {ModelSummary.WithBatch(output.Shape[1..])}, but found {ModelSummary.WithBatch(target.Shape[1..])}.");
        }

        return new TensorType(DType.Int32, expected);
    }

    private TensorType RequireDistributions(TensorType output, TensorType target, string place)
    {
        CrossentropyMath.RequireClasses(output, Name, place);
        return output.Shape == target.Shape
            ? output
            : throw new ShapeException(
                $"{place}: {Name} expects targets of the shape of the output, {ModelSummary.WithBatch(output.Shape[1..])}, but found {ModelSummary.WithBatch(target.Shape[1..])}. "
                + "Hint: for numbers of classes use sparse_categorical_crossentropy.");
    }
}
