namespace Anneal;

/// <summary>
/// LAMB (You et al., 2020) for large batches: with m and v the corrected moments of Adam and u = m / (sqrt(v) + epsilon) + weightDecay · p,
/// p -= learningRate · ‖p‖ / ‖u‖ · u. Where one of the norms, which are taken over the whole parameter, is 0, their ratio is 1.
/// </summary>
public sealed class Lamb : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1e-3.</param>
    /// <param name="beta1">How much of the mean of the gradients is kept, at least 0 and below 1.</param>
    /// <param name="beta2">How much of the mean of the squares is kept, at least 0 and below 1.</param>
    /// <param name="epsilon">What keeps the divisor from 0.</param>
    /// <param name="weightDecay">How much of the parameter is added to the direction.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Lamb(LearningRateSchedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-6, double weightDecay = 0)
        : base(learningRate ?? 1e-3, weightDecay)
    {
        Beta1 = Require.Within(beta1, 0, 1, nameof(Lamb), nameof(beta1));
        Beta2 = Require.Within(beta2, 0, 1, nameof(Lamb), nameof(beta2));
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, nameof(Lamb), nameof(epsilon));
    }

    /// <summary>How much of the mean of the gradients is kept.</summary>
    public double Beta1 { get; }

    /// <summary>How much of the mean of the squares is kept.</summary>
    public double Beta2 { get; }

    /// <summary>What keeps the divisor from 0.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override WeightDecayMode DecayMode => WeightDecayMode.ByRule;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => Moments.SlotNames;

    /// <summary>No: the norms are taken over the whole parameter.</summary>
    protected internal override bool SupportsLazyUpdate => false;

    /// <inheritdoc/>
    protected internal override int HyperparameterCount => 2;

    /// <inheritdoc/>
    protected internal override void ComputeHyperparameters(long step, double learningRate, Span<double> values)
    {
        values[0] = 1 / (1 - Math.Pow(Beta1, step));
        values[1] = 1 / Math.Sqrt(1 - Math.Pow(Beta2, step));
    }

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        (Tensor first, Tensor second) = Moments.Update(update, Beta1, Beta2);
        Tensor direction = first * update.Hyperparameters[0] / (Tensor.Sqrt(second) * update.Hyperparameters[1] + Epsilon);
        if (update.WeightDecay != 0)
            direction += update.Value * update.WeightDecay;
        Tensor size = update.Value.Norm(), length = direction.Norm(), one = size.FillLike(1);
        Tensor trust = Tensor.Select(size.GreaterThan(0) & length.GreaterThan(0), size / length, one);
        return update.Value - direction * (trust * update.LearningRate);
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("beta1", Beta1);
        config.Set("beta2", Beta2);
        config.Set("epsilon", Epsilon);
        config.Set("weightDecay", WeightDecay);
    }

    internal static Lamb Read(LearningRateSchedule learningRate, LayerConfig config) =>
        new(learningRate, config.GetDouble("beta1"), config.GetDouble("beta2"), config.GetDouble("epsilon"), config.GetDouble("weightDecay"));
}
