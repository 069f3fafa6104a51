namespace Anneal;

/// <summary>
/// A rate that falls to another along a power of the remaining share, and stays there: finalRate + (initialRate - finalRate) ·
/// (1 - step / decaySteps)^power; with a final rate of 0 as <c>PolynomialLR</c>. A power of 1 is linear decay.
/// </summary>
public sealed record PolynomialSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="initialRate">The rate of the first step.</param>
    /// <param name="decaySteps">The step at which the final rate is reached; at least 1.</param>
    /// <param name="finalRate">The final rate.</param>
    /// <param name="power">The exponent; at least 0.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public PolynomialSchedule(double initialRate, long decaySteps, double finalRate = 0, double power = 1)
    {
        (InitialRate, DecaySteps) = (Rate(initialRate, nameof(initialRate)), Count(decaySteps, nameof(decaySteps)));
        (FinalRate, Power) = (Rate(finalRate, nameof(finalRate)), Rate(power, nameof(power)));
    }

    /// <summary>The rate of the first step.</summary>
    public double InitialRate { get; }

    /// <summary>The step at which the final rate is reached.</summary>
    public long DecaySteps { get; }

    /// <summary>The final rate.</summary>
    public double FinalRate { get; }

    /// <summary>The exponent.</summary>
    public double Power { get; }

    /// <inheritdoc/>
    public override double RateAt(long step) => step >= DecaySteps
        ? FinalRate
        : FinalRate + (InitialRate - FinalRate) * Math.Pow((double)(DecaySteps - step) / DecaySteps, Power);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("initialRate", InitialRate);
        config.Set("decaySteps", DecaySteps);
        config.Set("finalRate", FinalRate);
        config.Set("power", Power);
    }

    internal static PolynomialSchedule Read(LayerConfig config) =>
        new(config.GetDouble("initialRate"), config.GetInt64("decaySteps"), config.GetDouble("finalRate"), config.GetDouble("power"));
}
