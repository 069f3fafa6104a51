namespace Anneal;

/// <summary>Normally distributed numbers.</summary>
public sealed record RandomNormal : Initializer
{
    /// <summary>Makes the initializer.</summary>
    /// <exception cref="OptionException">The mean is not finite, or the deviation is not above 0.</exception>
    public RandomNormal(double mean = 0, double deviation = 0.05) =>
        (Mean, Deviation) = (Finite(mean, nameof(mean)), Positive(deviation, nameof(deviation)));

    /// <summary>The mean.</summary>
    public double Mean { get; }

    /// <summary>The standard deviation.</summary>
    public double Deviation { get; }

    internal override void Fill(TensorData data, ulong seed, ulong stream)
    {
        var random = new RandomSequence(seed, stream);
        for (long i = 0; i < data.Shape.ElementCount; i++)
            data.SetDouble(i, Mean + Deviation * random.NextNormal());
    }

    internal override void WriteConfig(LayerConfig config)
    {
        config.Set("mean", Mean);
        config.Set("deviation", Deviation);
    }
}
