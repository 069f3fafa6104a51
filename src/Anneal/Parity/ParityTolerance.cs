namespace Anneal;

/// <summary>
/// How far two forms of a model may lie apart. The defaults are for forms that differ by the rounding of float32 alone; state wider ones for weights
/// in 16 or 8 bits.
/// </summary>
public sealed record ParityTolerance
{
    /// <summary>The least share of positions at which both forms find the same class most probable; from 0 to 1.</summary>
    public double Top1Agreement { get; init; } = 0.999;

    /// <summary>The largest difference of two logits, as a share of the largest absolute logit of the original; at least 0.</summary>
    public double LargestDifference { get; init; } = 1e-4;

    /// <summary>
    /// What counts as the largest logit where all are smaller, so that outputs which are near 0 may differ by what their parts were rounded to; at least 0.
    /// The default, 0, holds small logits to the same share as large ones.
    /// </summary>
    public double LeastScale { get; init; }

    /// <summary>The largest mean divergence of Kullback and Leibler, in nats; at least 0.</summary>
    public double MeanDivergence { get; init; } = 1e-6;

    /// <exception cref="OptionException">A number is out of range.</exception>
    internal void Check()
    {
        Require(Top1Agreement is >= 0 and <= 1, nameof(Top1Agreement), "from 0 to 1", Top1Agreement);
        Require(LargestDifference >= 0, nameof(LargestDifference), "at least 0", LargestDifference);
        Require(LeastScale >= 0, nameof(LeastScale), "at least 0", LeastScale);
        Require(MeanDivergence >= 0, nameof(MeanDivergence), "at least 0", MeanDivergence);
    }

    private static void Require(bool holds, string what, string expected, double value)
    {
        if (!holds)
            throw new OptionException(FormattableString.Invariant($"{nameof(ParityTolerance)}: {what} must be {expected}, but is {value}."));
    }
}
