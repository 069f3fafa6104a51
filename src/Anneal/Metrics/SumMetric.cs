using System.Diagnostics.CodeAnalysis;

namespace Anneal;

/// <summary>
/// A metric that is the mean of something over positions: the graph of the step gives the sum and the count of a batch, the host adds them
/// in double precision. To add one, derive from this class in one file and register it with <see cref="MetricRegistry"/>.
/// </summary>
/// <param name="name">The name in <see cref="History"/>.</param>
[method: SuppressMessage("ApiDesign", "RS0022", Justification = "Metrics are of two kinds, and both are open; the base is not.")]
public abstract class SumMetric(string name) : Metric(name)
{
    /// <summary>Records the sum over a batch, and how many positions it covers.</summary>
    /// <param name="output">The model's output, <c>[batch, ...]</c>.</param>
    /// <param name="target">The targets as the loss takes them.</param>
    /// <param name="loss">The loss, which knows what the output means.</param>
    /// <param name="counts">
    /// 1 for each position of the loss that counts and 0 for the others (ignored labels, masked steps), float32, its axes being the first ones of
    /// the output; null where all count.
    /// </param>
    /// <exception cref="ModelException">The metric cannot judge outputs of this loss.</exception>
    protected internal abstract MetricSum Measure(Tensor output, Tensor target, Loss loss, Tensor? counts);
}

/// <summary>What a <see cref="SumMetric"/> gives for a batch.</summary>
/// <param name="Sum">The sum over the positions that count, float32 without axes.</param>
/// <param name="Count">How many count, float32 without axes; null where it is <paramref name="Positions"/>.</param>
/// <param name="Positions">How many positions there are.</param>
public readonly record struct MetricSum(Tensor Sum, Tensor? Count, long Positions)
{
    /// <summary>The sum of values over the positions that count.</summary>
    /// <param name="values">A value for each position, or for each part of one.</param>
    /// <param name="counts">What counts, as <see cref="SumMetric.Measure"/> is given it.</param>
    /// <exception cref="ModelException">What counts does not fit the values.</exception>
    public static MetricSum Of(Tensor values, Tensor? counts)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (counts is null)
            return new MetricSum(values.Sum(), null, values.Shape.ElementCount);
        Tensor spread = Spread(counts, values);

        // Not a product alone: what does not count may be NaN.
        Tensor counted = Tensor.Select(spread.EqualTo(0), values.FillLike(0), values * spread);
        return new MetricSum(counted.Sum(), spread.Sum(), values.Shape.ElementCount);
    }

    /// <summary>The number of true values among the positions that count.</summary>
    internal static MetricSum OfTrue(Tensor isRight, Tensor? counts)
    {
        Tensor right = isRight.Cast(DType.Float32);
        if (counts is null)
            return new MetricSum(right.Sum(), null, right.Shape.ElementCount);
        Tensor spread = Spread(counts, right);
        return new MetricSum((right * spread).Sum(), spread.Sum(), right.Shape.ElementCount);
    }

    private static Tensor Spread(Tensor counts, Tensor values)
    {
        if (counts.Shape.Rank > values.Shape.Rank || values.Shape[..counts.Shape.Rank] != counts.Shape)
            throw new ModelException($"Counts {counts.Type} do not fit the values {values.Type} of a metric: their axes must be the first ones of the values.");
        while (counts.Shape.Rank < values.Shape.Rank)
            counts = counts.ExpandAxis(-1);
        return counts.BroadcastTo(values.Shape);
    }
}
