namespace Anneal;

/// <summary>A schedule that counts epochs: within an epoch the rate stays, as where PyTorch's scheduler is called once an epoch.</summary>
public sealed record EpochSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="schedule">The rate as a function of the number of finished epochs.</param>
    /// <param name="stepsPerEpoch">The number of steps in an epoch, a last smaller batch included; at least 1.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public EpochSchedule(LearningRateSchedule schedule, long stepsPerEpoch)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        (Schedule, StepsPerEpoch) = (schedule, Count(stepsPerEpoch, nameof(stepsPerEpoch)));
    }

    /// <summary>The rate as a function of the number of finished epochs.</summary>
    public LearningRateSchedule Schedule { get; }

    /// <summary>The number of steps in an epoch.</summary>
    public long StepsPerEpoch { get; }

    /// <inheritdoc/>
    public override double RateAt(long step) => Schedule.RateAt(step / StepsPerEpoch);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.SetPart("schedule", ScheduleRegistry.Write(Schedule));
        config.Set("stepsPerEpoch", StepsPerEpoch);
    }

    internal static EpochSchedule Read(LayerConfig config) => new(ScheduleRegistry.Read(config.Part("schedule")), config.GetInt64("stepsPerEpoch"));
}
