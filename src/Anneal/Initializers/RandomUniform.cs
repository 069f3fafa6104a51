namespace Anneal;

/// <summary>Numbers drawn evenly from a range.</summary>
public sealed record RandomUniform : Initializer
{
    /// <summary>Makes the initializer.</summary>
    /// <exception cref="OptionException">A bound is not finite, or the lower one is not below the upper one.</exception>
    public RandomUniform(double low = -0.05, double high = 0.05)
    {
        (Low, High) = (Finite(low, nameof(low)), Finite(high, nameof(high)));
        if (!(low < high))
            throw new OptionException(FormattableString.Invariant($"Initializer: low must be below high, but {low} and {high} were given."));
    }

    /// <summary>The lower bound.</summary>
    public double Low { get; }

    /// <summary>The upper bound.</summary>
    public double High { get; }

    internal override void Fill(TensorData data, ulong seed, ulong stream)
    {
        var random = new RandomSequence(seed, stream);
        for (long i = 0; i < data.Shape.ElementCount; i++)
            data.SetDouble(i, Low + (High - Low) * random.NextUniform());
    }

    internal override void WriteConfig(LayerConfig config)
    {
        config.Set("low", Low);
        config.Set("high", High);
    }
}
