namespace Anneal;

/// <summary>
/// Adagrad (Duchi, Hazan and Singer, 2011) as <c>torch.optim.Adagrad</c>: s += g², p -= learningRate / (1 + (step - 1) · learningRateDecay) · g /
/// (sqrt(s) + epsilon).
/// </summary>
public sealed class Adagrad : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1e-2.</param>
    /// <param name="learningRateDecay">How fast the size of a step falls; finite and at least 0.</param>
    /// <param name="initialAccumulator">What the sum of squares begins with; finite and at least 0.</param>
    /// <param name="epsilon">What keeps the divisor from 0.</param>
    /// <param name="weightDecay">How much of the parameter is added to its gradient.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Adagrad(
        LearningRateSchedule? learningRate = null, double learningRateDecay = 0, double initialAccumulator = 0, double epsilon = 1e-10, double weightDecay = 0)
        : base(learningRate ?? 1e-2, weightDecay)
    {
        LearningRateDecay = Require.Within(learningRateDecay, 0, double.PositiveInfinity, nameof(Adagrad), nameof(learningRateDecay));
        InitialAccumulator = Require.Within(initialAccumulator, 0, double.PositiveInfinity, nameof(Adagrad), nameof(initialAccumulator));
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, nameof(Adagrad), nameof(epsilon));
    }

    /// <summary>How fast the size of a step falls.</summary>
    public double LearningRateDecay { get; }

    /// <summary>What the sum of squares begins with.</summary>
    public double InitialAccumulator { get; }

    /// <summary>What keeps the divisor from 0.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => ["sum_of_squares"];

    /// <inheritdoc/>
    protected internal override int HyperparameterCount => 1;

    /// <inheritdoc/>
    protected internal override double InitialSlotValue(int slot) => InitialAccumulator;

    /// <inheritdoc/>
    protected internal override void ComputeHyperparameters(long step, double learningRate, Span<double> values) =>
        values[0] = learningRate / (1 + (step - 1) * LearningRateDecay);

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        Tensor sum = update.Slots[0] + update.Gradient * update.Gradient;
        update.Slots[0].Assign(sum);
        return update.Value - update.Gradient * update.Hyperparameters[0] / (Tensor.Sqrt(sum) + Epsilon);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("learningRateDecay", LearningRateDecay);
        config.Set("initialAccumulator", InitialAccumulator);
        config.Set("epsilon", Epsilon);
        config.Set("weightDecay", WeightDecay);
    }

    internal static Adagrad Read(LearningRateSchedule learningRate, LayerConfig config) => new(
        learningRate, config.GetDouble("learningRateDecay"), config.GetDouble("initialAccumulator"), config.GetDouble("epsilon"), config.GetDouble("weightDecay"));
}
