namespace Anneal;

/// <summary>
/// The learning rate as a function of the number of steps made, computed in double precision. A number converts to a
/// <see cref="ConstantSchedule"/>, so <c>new Adam(1e-3)</c> and <c>new Adam(new CosineSchedule(1e-3, 10_000))</c> both work.
/// Definitions are PyTorch's, with one call of its scheduler after each step.
/// </summary>
/// <remarks>
/// A schedule remembers nothing: a training that was saved and loaded goes on at the rate at which it stopped. To write your own, derive
/// from this class and make it known with <see cref="ScheduleRegistry"/> before you load a model that uses it.
/// </remarks>
public abstract record LearningRateSchedule
{
    /// <summary>The name under which the configuration is stored.</summary>
    public virtual string TypeName => GetType().Name;

    /// <summary>The rate of a step; finite and at least 0.</summary>
    /// <param name="step">How many steps were made before it: 0 for the first.</param>
    public abstract double RateAt(long step);

    /// <summary>Writes what the constructor needs.</summary>
    protected internal abstract void WriteConfig(LayerConfig config);

    /// <summary>This schedule with epochs in the place of steps: the rate stays for a whole epoch.</summary>
    /// <param name="stepsPerEpoch">The number of steps in an epoch; at least 1.</param>
    public EpochSchedule PerEpoch(long stepsPerEpoch) => new(this, stepsPerEpoch);

    /// <summary>This schedule with a linear rise in front; see <see cref="WarmUpSchedule"/>.</summary>
    /// <param name="steps">The length of the rise; at least 1.</param>
    /// <param name="delaysSchedule">Whether this schedule begins only after the rise.</param>
    public WarmUpSchedule WithWarmUp(long steps, bool delaysSchedule = false) => new(this, steps, delaysSchedule);

    /// <summary>The same rate at every step.</summary>
    public static implicit operator LearningRateSchedule(double rate) => ConstantSchedule.OfOptimizer(rate);

    private protected double Rate(double value, string argument) => Require.Within(value, 0, double.PositiveInfinity, TypeName, argument);

    private protected long Count(long value, string argument) => value >= 1
        ? value
        : throw new OptionException(FormattableString.Invariant($"{TypeName}: {argument} must be at least 1, but is {value}."));

    /// <summary>Half a wave of the cosine, from 1 at 0 to 0 at 1.</summary>
    private protected static double HalfWave(double share) => (1 + Math.Cos(Math.PI * share)) / 2;
}
