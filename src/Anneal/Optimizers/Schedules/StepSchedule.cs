namespace Anneal;

/// <summary>A rate that is multiplied by a factor after every so many steps, as <c>StepLR</c>: initialRate · factor^floor(step / stepSize).</summary>
public sealed record StepSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="initialRate">The rate of the first steps.</param>
    /// <param name="stepSize">How many steps have the same rate; at least 1.</param>
    /// <param name="factor">What the rate is multiplied by; at least 0.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public StepSchedule(double initialRate, long stepSize, double factor = 0.1) =>
        (InitialRate, StepSize, Factor) = (Rate(initialRate, nameof(initialRate)), Count(stepSize, nameof(stepSize)), Rate(factor, nameof(factor)));

    /// <summary>The rate of the first steps.</summary>
    public double InitialRate { get; }

    /// <summary>How many steps have the same rate.</summary>
    public long StepSize { get; }

    /// <summary>What the rate is multiplied by.</summary>
    public double Factor { get; }

    /// <inheritdoc/>
    public override double RateAt(long step) => InitialRate * Math.Pow(Factor, step / StepSize);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("initialRate", InitialRate);
        config.Set("stepSize", StepSize);
        config.Set("factor", Factor);
    }

    internal static StepSchedule Read(LayerConfig config) =>
        new(config.GetDouble("initialRate"), config.GetInt64("stepSize"), config.GetDouble("factor"));
}
