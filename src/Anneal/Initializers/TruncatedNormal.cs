namespace Anneal;

/// <summary>Normally distributed numbers, drawn again where they lie more than two deviations from the mean.</summary>
public sealed record TruncatedNormal : Initializer
{
    /// <summary>Makes the initializer.</summary>
    /// <exception cref="OptionException">The mean is not finite, or the deviation is not above 0.</exception>
    public TruncatedNormal(double mean = 0, double deviation = 0.05) =>
        (Mean, Deviation) = (Finite(mean, nameof(mean)), Positive(deviation, nameof(deviation)));

    /// <summary>The mean.</summary>
    public double Mean { get; }

    /// <summary>The standard deviation before truncation.</summary>
    public double Deviation { get; }

    internal override void Fill(TensorData data, ulong seed, ulong stream)
    {
        var random = new RandomSequence(seed, stream);
        for (long i = 0; i < data.Shape.ElementCount; i++)
            data.SetDouble(i, Mean + Deviation * random.NextTruncatedNormal());
    }

    internal override void WriteConfig(LayerConfig config)
    {
        config.Set("mean", Mean);
        config.Set("deviation", Deviation);
    }
}
