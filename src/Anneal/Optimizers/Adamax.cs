namespace Anneal;

/// <summary>
/// Adamax (Kingma and Ba, 2015) as <c>torch.optim.Adamax</c>: Adam with the decaying maximum u = max(beta2 · u, |g| + epsilon) in the place of the
/// root; p -= learningRate / (1 - beta1^step) · m / u.
/// </summary>
public sealed class Adamax : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 2e-3.</param>
    /// <param name="beta1">How much of the mean of the gradients is kept, at least 0 and below 1.</param>
    /// <param name="beta2">How much of the maximum is kept, at least 0 and below 1.</param>
    /// <param name="epsilon">What keeps the divisor from 0; above 0.</param>
    /// <param name="weightDecay">How much of the parameter is added to its gradient.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Adamax(LearningRateSchedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0)
        : base(learningRate ?? 2e-3, weightDecay)
    {
        Beta1 = Require.Within(beta1, 0, 1, nameof(Adamax), nameof(beta1));
        Beta2 = Require.Within(beta2, 0, 1, nameof(Adamax), nameof(beta2));
        Epsilon = Require.Positive(epsilon, nameof(Adamax), nameof(epsilon));
    }

    /// <summary>How much of the mean of the gradients is kept.</summary>
    public double Beta1 { get; }

    /// <summary>How much of the maximum is kept.</summary>
    public double Beta2 { get; }

    /// <summary>What keeps the divisor from 0.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => ["first_moment", "maximum"];

    /// <inheritdoc/>
    protected internal override int HyperparameterCount => 1;

    /// <inheritdoc/>
    protected internal override void ComputeHyperparameters(long step, double learningRate, Span<double> values) =>
        values[0] = learningRate / (1 - Math.Pow(Beta1, step));

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        Tensor first = update.Slots[0] + (update.Gradient - update.Slots[0]) * (1 - Beta1);
        Tensor maximum = Tensor.Maximum(update.Slots[1] * Beta2, Tensor.Abs(update.Gradient) + Epsilon);
        update.Slots[0].Assign(first);
        update.Slots[1].Assign(maximum);
        return update.Value - first * update.Hyperparameters[0] / maximum;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("beta1", Beta1);
        config.Set("beta2", Beta2);
        config.Set("epsilon", Epsilon);
        config.Set("weightDecay", WeightDecay);
    }

    internal static Adamax Read(LearningRateSchedule learningRate, LayerConfig config) =>
        new(learningRate, config.GetDouble("beta1"), config.GetDouble("beta2"), config.GetDouble("epsilon"), config.GetDouble("weightDecay"));
}
