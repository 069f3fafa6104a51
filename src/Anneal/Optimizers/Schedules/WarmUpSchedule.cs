namespace Anneal;

/// <summary>
/// A schedule with a linear rise in front: its rate times min(1, (step + 1) / steps), so the first step is not lost. With
/// <c>new PolynomialSchedule(rate, total).WithWarmUp(steps)</c> the rate rises linearly and falls linearly.
/// </summary>
public sealed record WarmUpSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="schedule">The schedule after the rise.</param>
    /// <param name="steps">The length of the rise; at least 1.</param>
    /// <param name="delaysSchedule">
    /// Whether the schedule begins only after the rise, which then leads to its first rate; otherwise its steps count from the beginning.
    /// </param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public WarmUpSchedule(LearningRateSchedule schedule, long steps, bool delaysSchedule = false)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        (Schedule, Steps, DelaysSchedule) = (schedule, Count(steps, nameof(steps)), delaysSchedule);
    }

    /// <summary>The schedule after the rise.</summary>
    public LearningRateSchedule Schedule { get; }

    /// <summary>The length of the rise.</summary>
    public long Steps { get; }

    /// <summary>Whether the schedule begins only after the rise.</summary>
    public bool DelaysSchedule { get; }

    /// <inheritdoc/>
    public override double RateAt(long step) =>
        Schedule.RateAt(DelaysSchedule ? Math.Max(0, step - Steps) : step) * Math.Min(1, (step + 1.0) / Steps);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.SetPart("schedule", ScheduleRegistry.Write(Schedule));
        config.Set("steps", Steps);
        config.Set("delaysSchedule", DelaysSchedule);
    }

    internal static WarmUpSchedule Read(LayerConfig config) =>
        new(ScheduleRegistry.Read(config.Part("schedule")), config.GetInt64("steps"), config.GetBoolean("delaysSchedule"));
}
