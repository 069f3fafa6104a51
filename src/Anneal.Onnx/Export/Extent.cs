namespace Anneal.Onnx;

/// <summary>An extent, or another whole number of a graph, as a function of the number of examples: <c>Factor · batch + Offset</c>.</summary>
internal readonly record struct Extent(long Factor, long Offset)
{
    internal bool IsFixed => Factor == 0;

    public static implicit operator Extent(long number) => new(0, number);
}

/// <summary>
/// A model is traced for two numbers of examples. What differs between the two graphs depends on that number, and how it does follows from the two: the
/// numbers are large primes, so that no extent of a model is one of them by chance.
/// </summary>
/// <param name="First">The examples of the first trace.</param>
/// <param name="Second">The examples of the second trace; equal to the first where the number is fixed.</param>
internal readonly record struct BatchPair(long First, long Second)
{
    internal static BatchPair Any { get; } = new(1009, 1013);

    /// <summary>The number that is one value in the first trace and another in the second; null where it grows in another way than evenly.</summary>
    internal Extent? Between(long first, long second)
    {
        if (first == second)
            return first;
        long span = Second - First;
        if (span == 0 || (second - first) % span != 0)
            return null;
        var extent = new Extent((second - first) / span, first - (second - first) / span * First);

        // What grows faster than evenly leaves an offset far below 0.
        return extent.Offset > -First ? extent : null;
    }
}
