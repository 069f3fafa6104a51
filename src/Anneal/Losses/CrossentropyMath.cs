namespace Anneal;

/// <summary>What the cross-entropies share.</summary>
internal static class CrossentropyMath
{
    /// <summary>Probabilities are kept this far from 0 and 1, as in Keras.</summary>
    internal const double Epsilon = 1e-7;

    /// <summary>The logarithms of the probabilities of the classes along the last axis.</summary>
    internal static Tensor LogProbabilities(Tensor output, bool fromLogits) => fromLogits
        ? output.LogSoftmax()
        : Tensor.Log(Tensor.Clamp(output / output.Sum([-1], keepAxes: true), Epsilon, 1 - Epsilon));

    internal static void RequireClasses(TensorType output, string loss, string place)
    {
        if (output.Shape.Rank < 2 || output.Shape[^1] < 2)
            throw new ShapeException($"{place}: {loss} expects an output [batch, ..., classes] with at least 2 classes, but found {ModelSummary.WithBatch(output.Shape[1..])}.");
    }
}
