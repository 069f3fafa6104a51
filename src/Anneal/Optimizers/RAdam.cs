namespace Anneal;

/// <summary>
/// Rectified Adam (Liu et al., 2020) as <c>torch.optim.RAdam</c>: while the variance of the second moment is not known (ρ_t at most 5) the step is
/// that of momentum, later that of Adam times the rectification r_t.
/// </summary>
public sealed class RAdam : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1e-3.</param>
    /// <param name="beta1">How much of the mean of the gradients is kept, at least 0 and below 1.</param>
    /// <param name="beta2">How much of the mean of the squares is kept, at least 0 and below 1.</param>
    /// <param name="epsilon">What keeps the divisor from 0; above 0.</param>
    /// <param name="weightDecay">The weight decay.</param>
    /// <param name="decoupledWeightDecay">Whether parameters are multiplied by 1 - learningRate · weightDecay; otherwise the decay is added to the gradient.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RAdam(
        LearningRateSchedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0,
        bool decoupledWeightDecay = false)
        : base(learningRate ?? 1e-3, weightDecay)
    {
        Beta1 = Require.Within(beta1, 0, 1, nameof(RAdam), nameof(beta1));
        Beta2 = Require.Within(beta2, 0, 1, nameof(RAdam), nameof(beta2));
        Epsilon = Require.Positive(epsilon, nameof(RAdam), nameof(epsilon));
        DecayMode = decoupledWeightDecay ? WeightDecayMode.Decoupled : WeightDecayMode.Coupled;
    }

    /// <summary>How much of the mean of the gradients is kept.</summary>
    public double Beta1 { get; }

    /// <summary>How much of the mean of the squares is kept.</summary>
    public double Beta2 { get; }

    /// <summary>What keeps the divisor from 0.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override WeightDecayMode DecayMode { get; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => Moments.SlotNames;

    /// <inheritdoc/>
    protected internal override int HyperparameterCount => 2;

    /// <inheritdoc/>
    protected internal override void ComputeHyperparameters(long step, double learningRate, Span<double> values)
    {
        // One of the two step sizes is 0: that of momentum where the step is rectified, that of Adam where it is not.
        double power = Math.Pow(Beta2, step), longest = 2 / (1 - Beta2) - 1, length = longest - 2 * step * power / (1 - power);
        double size = learningRate / (1 - Math.Pow(Beta1, step));
        bool isRectified = length > 5;
        double rectification = isRectified
            ? Math.Sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
            : 0;
        values[0] = isRectified ? 0 : size;
        values[1] = size * rectification * Math.Sqrt(1 - power);
    }

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        (Tensor first, Tensor second) = Moments.Update(update, Beta1, Beta2);
        return update.Value - first * (update.Hyperparameters[0] + update.Hyperparameters[1] / (Tensor.Sqrt(second) + Epsilon));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("beta1", Beta1);
        config.Set("beta2", Beta2);
        config.Set("epsilon", Epsilon);
        config.Set("weightDecay", WeightDecay);
        config.Set("decoupledWeightDecay", DecayMode == WeightDecayMode.Decoupled);
    }

    internal static RAdam Read(LearningRateSchedule learningRate, LayerConfig config) => new(
        learningRate, config.GetDouble("beta1"), config.GetDouble("beta2"), config.GetDouble("epsilon"), config.GetDouble("weightDecay"),
        config.GetBoolean("decoupledWeightDecay"));
}
