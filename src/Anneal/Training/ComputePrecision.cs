namespace Anneal;

/// <summary>The type in which the products of a training step run.</summary>
public enum ComputePrecision
{
    /// <summary>float32 throughout.</summary>
    Float32,

    /// <summary>bfloat16: the range of float32 with 8 bits of precision; needs no loss scaling.</summary>
    BFloat16,

    /// <summary>float16: 11 bits of precision in a narrow range; the loss is scaled.</summary>
    Float16,
}

/// <summary>
/// Scales the loss before gradients are taken and the gradients back before they are used, so that small ones do not vanish in a 16-bit
/// type. A step whose gradients overflow is skipped and the scale becomes smaller; after a run of good steps it grows again.
/// </summary>
public sealed record LossScaling
{
    /// <summary>The first scale; a power of two loses no bit.</summary>
    public double InitialScale { get; init; } = 65536;

    /// <summary>The factor after a run of good steps; at least 1. 1 keeps the scale.</summary>
    public double GrowthFactor { get; init; } = 2;

    /// <summary>The factor after a skipped step; above 0 and at most 1. 1 keeps the scale.</summary>
    public double BackoffFactor { get; init; } = 0.5;

    /// <summary>How many good steps make the scale grow; at least 1.</summary>
    public int GrowthInterval { get; init; } = 2000;

    /// <summary>
    /// How many steps in a row may be skipped; at least 1. One more ends training with <see cref="NonFiniteGradientException"/>, or
    /// <see cref="NonFiniteLossException"/> where the loss itself is not finite.
    /// </summary>
    public int MaximumSkipped { get; init; } = 50;

    internal void Check()
    {
        Require.Within(InitialScale, double.Epsilon, float.MaxValue, nameof(LossScaling), nameof(InitialScale));
        Require.Within(GrowthFactor, 1, float.MaxValue, nameof(LossScaling), nameof(GrowthFactor));
        Require.Share(BackoffFactor, nameof(LossScaling), nameof(BackoffFactor));
        Require.AtLeastOne(GrowthInterval, nameof(LossScaling), nameof(GrowthInterval));
        Require.AtLeastOne(MaximumSkipped, nameof(LossScaling), nameof(MaximumSkipped));
    }
}
