namespace Anneal;

/// <summary>
/// A rate that swings down along half a wave of the cosine (Loshchilov and Hutter, 2017), as <c>CosineAnnealingLR</c>: minimumRate +
/// (initialRate - minimumRate) · (1 + cos(π · step / decaySteps)) / 2. After <c>decaySteps</c> it swings up again, as there; end the training
/// at that step, or use <see cref="CosineRestartsSchedule"/>.
/// </summary>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="initialRate">The rate of the first step.</param>
    /// <param name="decaySteps">The step at which the lowest rate is reached; at least 1.</param>
    /// <param name="minimumRate">The lowest rate.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public CosineSchedule(double initialRate, long decaySteps, double minimumRate = 0) => (InitialRate, DecaySteps, MinimumRate) =
        (Rate(initialRate, nameof(initialRate)), Count(decaySteps, nameof(decaySteps)), Rate(minimumRate, nameof(minimumRate)));

    /// <summary>The rate of the first step.</summary>
    public double InitialRate { get; }

    /// <summary>The step at which the lowest rate is reached.</summary>
    public long DecaySteps { get; }

    /// <summary>The lowest rate.</summary>
    public double MinimumRate { get; }

    /// <inheritdoc/>
    public override double RateAt(long step) =>
        MinimumRate + (InitialRate - MinimumRate) * HalfWave((double)(step % (2 * DecaySteps)) / DecaySteps);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("initialRate", InitialRate);
        config.Set("decaySteps", DecaySteps);
        config.Set("minimumRate", MinimumRate);
    }

    internal static CosineSchedule Read(LayerConfig config) =>
        new(config.GetDouble("initialRate"), config.GetInt64("decaySteps"), config.GetDouble("minimumRate"));
}
