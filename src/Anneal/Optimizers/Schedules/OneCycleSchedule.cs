namespace Anneal;

/// <summary>How a rate moves from one value to another.</summary>
public enum Annealing
{
    /// <summary>Along half a wave of the cosine.</summary>
    Cosine,

    /// <summary>Along a straight line.</summary>
    Linear,
}

/// <summary>
/// One rise and one long fall (Smith and Topin, 2019), as <c>OneCycleLR</c> without a cycle of the momentum: from maximumRate / divisor up to
/// maximumRate and down to maximumRate / divisor / finalDivisor, which steps after <c>totalSteps</c> keep.
/// </summary>
public sealed record OneCycleSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="maximumRate">The highest rate.</param>
    /// <param name="totalSteps">The number of steps of the cycle; at least 2.</param>
    /// <param name="riseShare">The share of the steps in which the rate rises; above 0 and below 1.</param>
    /// <param name="divisor">The highest rate over the first; above 0.</param>
    /// <param name="finalDivisor">The first rate over the last; above 0.</param>
    /// <param name="annealing">How the rate moves.</param>
    /// <param name="threePhases">Whether the fall first mirrors the rise, and then goes on to the last rate.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public OneCycleSchedule(
        double maximumRate, long totalSteps, double riseShare = 0.3, double divisor = 25, double finalDivisor = 1e4,
        Annealing annealing = Annealing.Cosine, bool threePhases = false)
    {
        MaximumRate = Rate(maximumRate, nameof(maximumRate));
        TotalSteps = Count(totalSteps, nameof(totalSteps));
        RiseShare = Require.Within(riseShare, 0, 1, TypeName, nameof(riseShare));
        Divisor = Require.Positive(divisor, TypeName, nameof(divisor));
        FinalDivisor = Require.Positive(finalDivisor, TypeName, nameof(finalDivisor));
        Annealing = Require.Defined(annealing, TypeName, nameof(annealing));
        ThreePhases = threePhases;
        if (riseShare * totalSteps <= 1)
            throw new OptionException(FormattableString.Invariant($"{TypeName}: a {nameof(riseShare)} of {riseShare} of {totalSteps} steps leaves no step in which to rise."));
        if (threePhases && riseShare >= 0.5)
            throw new OptionException(FormattableString.Invariant($"{TypeName}: with three phases {nameof(riseShare)} must be below 0.5, but is {riseShare}."));
    }

    /// <summary>The highest rate.</summary>
    public double MaximumRate { get; }

    /// <summary>The number of steps of the cycle.</summary>
    public long TotalSteps { get; }

    /// <summary>The share of the steps in which the rate rises.</summary>
    public double RiseShare { get; }

    /// <summary>The highest rate over the first.</summary>
    public double Divisor { get; }

    /// <summary>The first rate over the last.</summary>
    public double FinalDivisor { get; }

    /// <summary>How the rate moves.</summary>
    public Annealing Annealing { get; }

    /// <summary>Whether the fall first mirrors the rise, and then goes on to the last rate.</summary>
    public bool ThreePhases { get; }

    /// <inheritdoc/>
    public override double RateAt(long step)
    {
        double first = MaximumRate / Divisor, last = first / FinalDivisor, end = TotalSteps - 1, top = RiseShare * TotalSteps - 1;
        if (step >= end)
            return last;
        if (step <= top)
            return Between(first, MaximumRate, step / top);
        if (!ThreePhases)
            return Between(MaximumRate, last, (step - top) / (end - top));
        double mirrored = 2 * top;
        return step <= mirrored
            ? Between(MaximumRate, first, (step - top) / (mirrored - top))
            : Between(first, last, (step - mirrored) / (end - mirrored));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("maximumRate", MaximumRate);
        config.Set("totalSteps", TotalSteps);
        config.Set("riseShare", RiseShare);
        config.Set("divisor", Divisor);
        config.Set("finalDivisor", FinalDivisor);
        config.Set("annealing", Annealing);
        config.Set("threePhases", ThreePhases);
    }

    internal static OneCycleSchedule Read(LayerConfig config) => new(
        config.GetDouble("maximumRate"), config.GetInt64("totalSteps"), config.GetDouble("riseShare"), config.GetDouble("divisor"),
        config.GetDouble("finalDivisor"), config.GetEnum<Annealing>("annealing"), config.GetBoolean("threePhases"));

    private double Between(double from, double to, double share) =>
        Annealing == Annealing.Linear ? from + (to - from) * share : to + (from - to) * HalfWave(share);
}
