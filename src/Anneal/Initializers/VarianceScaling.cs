namespace Anneal;

/// <summary>Which connections of a parameter are counted.</summary>
public enum FanMode
{
    /// <summary>Those that feed one output.</summary>
    Input,

    /// <summary>Those that one input feeds.</summary>
    Output,

    /// <summary>The mean of both.</summary>
    Average,
}

/// <summary>The distribution that a variance is given to.</summary>
public enum ScalingDistribution
{
    /// <summary>Evenly within ± sqrt(3 · variance).</summary>
    Uniform,

    /// <summary>Normal, cut at two deviations and widened so that the variance is right after the cut.</summary>
    TruncatedNormal,

    /// <summary>Normal.</summary>
    Normal,
}

/// <summary>Random numbers with the variance scale / fan: Glorot, He and LeCun initializers are cases of it.</summary>
public sealed record VarianceScaling : Initializer
{
    // The deviation of a standard normal distribution cut at ±2.
    private const double CutDeviation = 0.87962566103423978;

    /// <summary>Makes the initializer.</summary>
    /// <exception cref="OptionException">The scale is not above 0, or an enum has no such value.</exception>
    public VarianceScaling(double scale = 1, FanMode mode = FanMode.Input, ScalingDistribution distribution = ScalingDistribution.TruncatedNormal)
    {
        (Scale, Mode, Distribution) = (Positive(scale, nameof(scale)), mode, distribution);
        if (!Enum.IsDefined(mode) || !Enum.IsDefined(distribution))
            throw new OptionException($"Initializer: {mode} and {distribution} are not a mode and a distribution.");
    }

    /// <summary>The variance times the fan.</summary>
    public double Scale { get; }

    /// <summary>Which connections count.</summary>
    public FanMode Mode { get; }

    /// <summary>The distribution.</summary>
    public ScalingDistribution Distribution { get; }

    internal override void Fill(TensorData data, ulong seed, ulong stream)
    {
        (double fanIn, double fanOut) = Fans(data.Shape);
        double fan = Mode switch { FanMode.Input => fanIn, FanMode.Output => fanOut, _ => (fanIn + fanOut) / 2 };
        double deviation = Math.Sqrt(Scale / Math.Max(1, fan));
        double limit = deviation * Math.Sqrt(3);
        var random = new RandomSequence(seed, stream);
        for (long i = 0; i < data.Shape.ElementCount; i++)
        {
            data.SetDouble(i, Distribution switch
            {
                ScalingDistribution.Uniform => limit * (2 * random.NextUniform() - 1),
                ScalingDistribution.TruncatedNormal => deviation / CutDeviation * random.NextTruncatedNormal(),
                _ => deviation * random.NextNormal(),
            });
        }
    }

    internal override void WriteConfig(LayerConfig config)
    {
        config.Set("scale", Scale);
        config.Set("mode", Mode);
        config.Set("distribution", Distribution);
    }
}
