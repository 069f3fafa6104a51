namespace Anneal;

/// <summary>
/// A rate that swings down along half a wave of the cosine and jumps up again, in periods each as long as the one before times a factor
/// (SGDR: Loshchilov and Hutter, 2017), as <c>CosineAnnealingWarmRestarts</c>.
/// </summary>
public sealed record CosineRestartsSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="initialRate">The rate at the beginning of each period.</param>
    /// <param name="firstPeriod">The number of steps of the first period; at least 1.</param>
    /// <param name="periodFactor">How many times as long each period is as the one before; at least 1.</param>
    /// <param name="minimumRate">The rate that the end of each period comes close to.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public CosineRestartsSchedule(double initialRate, long firstPeriod, int periodFactor = 1, double minimumRate = 0)
    {
        (InitialRate, FirstPeriod, MinimumRate) = (Rate(initialRate, nameof(initialRate)), Count(firstPeriod, nameof(firstPeriod)), Rate(minimumRate, nameof(minimumRate)));
        PeriodFactor = Require.AtLeastOne(periodFactor, TypeName, nameof(periodFactor));
    }

    /// <summary>The rate at the beginning of each period.</summary>
    public double InitialRate { get; }

    /// <summary>The number of steps of the first period.</summary>
    public long FirstPeriod { get; }

    /// <summary>How many times as long each period is as the one before.</summary>
    public int PeriodFactor { get; }

    /// <summary>The rate that the end of each period comes close to.</summary>
    public double MinimumRate { get; }

    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        long begun = PeriodFactor == 1 ? step / FirstPeriod * FirstPeriod : 0, period = FirstPeriod;
        while (step - begun >= period)
        {
            begun += period;
            period *= PeriodFactor;
        }

        return MinimumRate + (InitialRate - MinimumRate) * HalfWave((double)(step - begun) / period);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("initialRate", InitialRate);
        config.Set("firstPeriod", FirstPeriod);
        config.Set("periodFactor", PeriodFactor);
        config.Set("minimumRate", MinimumRate);
    }

    internal static CosineRestartsSchedule Read(LayerConfig config) =>
        new(config.GetDouble("initialRate"), config.GetInt64("firstPeriod"), config.GetInt32("periodFactor"), config.GetDouble("minimumRate"));
}
