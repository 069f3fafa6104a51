namespace Anneal;

/// <summary>The same learning rate at every step.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <summary>Makes the schedule.</summary>
    /// <param name="learningRate">The rate; finite and at least 0.</param>
    /// <exception cref="OptionException">The rate is out of range.</exception>
    public ConstantSchedule(double learningRate) : this(learningRate, isChecked: true)
    {
    }

    private ConstantSchedule(double learningRate, bool isChecked) => LearningRate = isChecked ? Rate(learningRate, nameof(learningRate)) : learningRate;

    /// <summary>The rate.</summary>
    public double LearningRate { get; }

    /// <inheritdoc/>
    public override double RateAt(long step) => LearningRate;

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("learningRate", LearningRate);

    /// <summary>A number that was given as an optimizer's learning rate: the optimizer checks it, and names itself.</summary>
    internal static ConstantSchedule OfOptimizer(double learningRate) => new(learningRate, isChecked: false);

    internal static ConstantSchedule Read(LayerConfig config) => new(config.GetDouble("learningRate"));
}
