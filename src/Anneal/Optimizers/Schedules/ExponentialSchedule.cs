namespace Anneal;

/// <summary>A rate that falls by the same factor at each step, as <c>ExponentialLR</c>: initialRate · factor^(step / decaySteps).</summary>
public sealed record ExponentialSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="initialRate">The rate of the first step.</param>
    /// <param name="factor">What the rate is multiplied by in the course of <paramref name="decaySteps"/>; above 0.</param>
    /// <param name="decaySteps">In how many steps the factor is reached, as in Keras; at least 1.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public ExponentialSchedule(double initialRate, double factor, long decaySteps = 1)
    {
        (InitialRate, DecaySteps) = (Rate(initialRate, nameof(initialRate)), Count(decaySteps, nameof(decaySteps)));
        Factor = Require.Positive(factor, TypeName, nameof(factor));
    }

    /// <summary>The rate of the first step.</summary>
    public double InitialRate { get; }

    /// <summary>What the rate is multiplied by in the course of <see cref="DecaySteps"/>.</summary>
    public double Factor { get; }

    /// <summary>In how many steps the factor is reached.</summary>
    public long DecaySteps { get; }

    /// <inheritdoc/>
    public override double RateAt(long step) => InitialRate * Math.Pow(Factor, (double)step / DecaySteps);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("initialRate", InitialRate);
        config.Set("factor", Factor);
        config.Set("decaySteps", DecaySteps);
    }

    internal static ExponentialSchedule Read(LayerConfig config) =>
        new(config.GetDouble("initialRate"), config.GetDouble("factor"), config.GetInt64("decaySteps"));
}
