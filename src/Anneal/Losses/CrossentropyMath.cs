namespace Anneal;

/// <summary>What the losses over classes share.</summary>
internal static class CrossentropyMath
{
    /// <summary>Probabilities are kept this far from 0 and 1, as in Keras.</summary>
    internal const double Epsilon = 1e-7;

    /// <summary>The logarithms of the probabilities of the classes along the last axis.</summary>
    internal static Tensor LogProbabilities(Tensor output, bool fromLogits)
    {
        if (fromLogits)
            return output.LogSoftmax();

        // Where all outputs of a row are 0 there is no share to take: each class then has the smallest probability.
        Tensor sum = output.Sum([-1], keepAxes: true);
        Tensor divisor = Tensor.Select(sum.EqualTo(0), sum.FillLike(1), sum);
        return Tensor.Log(Tensor.Clamp(output / divisor, Epsilon, 1 - Epsilon));
    }

    /// <summary>The value at the label along the last axis; 0 where the label is no class.</summary>
    internal static Tensor OfLabel(Tensor values, Tensor labels)
    {
        Tensor isLabel = labels.ExpandAxis(-1).EqualTo(Tensor.Range(values.Shape[^1]));
        return Tensor.Select(isLabel, values, values.FillLike(0)).Sum([-1]);
    }

    /// <summary>x to a power for x from 0 to 1, whose gradient is finite at 0 too.</summary>
    internal static Tensor PowerOfShare(Tensor share, double power) => power switch
    {
        1 => share,
        2 => share * share,
        _ => Tensor.Exp(power * Tensor.Log(Tensor.Clamp(share, Epsilon, 1))),
    };

    internal static double RequireSmoothing(double smoothing, string loss) => smoothing is >= 0 and <= 1
        ? smoothing
        : throw new OptionException(FormattableString.Invariant($"{loss}: labelSmoothing must be from 0 to 1, but is {smoothing}."));

    // Models that were saved before there was smoothing do not have it.
    internal static double ReadSmoothing(LayerConfig config) => config.Contains("labelSmoothing") ? config.GetDouble("labelSmoothing") : 0;

    internal static void RequireClasses(TensorType output, string loss, string place)
    {
        if (output.Shape.Rank < 2 || output.Shape[^1] < 2)
            throw new ShapeException($"{place}: {loss} expects an output [batch, ..., classes] with at least 2 classes, but found {ModelSummary.WithBatch(output.Shape[1..])}.");
    }
}
