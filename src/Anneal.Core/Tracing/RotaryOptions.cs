namespace Anneal;

/// <summary>Which features a rotary position turns together.</summary>
public enum RotaryPairing
{
    /// <summary>Feature i with feature i + dimension / 2, as GPT-NeoX and Llama do.</summary>
    Halves,

    /// <summary>Feature 2i with feature 2i + 1, as in the paper and GPT-J.</summary>
    Interleaved,
}

/// <summary>How rotary positions (Su et al., 2021) turn the features of a head.</summary>
public sealed record RotaryOptions
{
    /// <summary>Pair i turns by <c>Base</c> to the power of <c>-2i / dimension</c> radians for each step; positive.</summary>
    public double Base { get; init; } = 10000;

    /// <summary>Which features are turned together.</summary>
    public RotaryPairing Pairing { get; init; }

    /// <summary>How many of the first features are turned, an even number; null is all. The others stay as they are.</summary>
    public int? Dimension { get; init; }

    /// <summary>The number of features of a head that are turned.</summary>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="ShapeException">A head does not have so many features, or an odd number where all are turned.</exception>
    internal int DimensionOf(long features, string owner)
    {
        if (!(Base > 0 && double.IsFinite(Base)))
            throw new OptionException(FormattableString.Invariant($"{owner}: the base of rotary positions must be positive, but is {Base}."));
        if (!Enum.IsDefined(Pairing))
            throw new OptionException($"{owner}: the pairing of rotary positions must be one of {string.Join(", ", Enum.GetNames<RotaryPairing>())}, but is {Pairing}.");
        if (Dimension is < 2 || Dimension % 2 == 1)
            throw new OptionException($"{owner}: the dimension of rotary positions must be even and at least 2, but is {Dimension}.");
        long dimension = Dimension ?? features;
        if (dimension > features || dimension % 2 == 1)
            throw new ShapeException($"{owner}: rotary positions turn an even number of features, but of {features} in a head {dimension} are to be turned.");
        return (int)dimension;
    }
}
