namespace Anneal;

/// <summary>
/// Adam with Nesterov's look-ahead (Dozat, 2016) as <c>torch.optim.NAdam</c>: with μ_t = beta1 · (1 - 0.96^(t · momentumDecay) / 2) and M_t the
/// product of all μ so far, p -= learningRate · ((1 - μ_t) / (1 - M_t) · g + μ_(t+1) / (1 - M_(t+1)) · m) / (sqrt(v / (1 - beta2^t)) + epsilon).
/// </summary>
public sealed class Nadam : Optimizer
{
    // Below this a product no longer changes 1 - product.
    private const double Negligible = 1e-17;
    private readonly Lock _lock = new();
    private (long Step, double Value) _product = (0, 1);

    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 2e-3.</param>
    /// <param name="beta1">How much of the mean of the gradients is kept, at least 0 and below 1.</param>
    /// <param name="beta2">How much of the mean of the squares is kept, at least 0 and below 1.</param>
    /// <param name="epsilon">What keeps the divisor from 0.</param>
    /// <param name="weightDecay">The weight decay.</param>
    /// <param name="momentumDecay">How fast the momentum grows to <paramref name="beta1"/>; finite and at least 0.</param>
    /// <param name="decoupledWeightDecay">Whether parameters are multiplied by 1 - learningRate · weightDecay; otherwise the decay is added to the gradient.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Nadam(
        LearningRateSchedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0,
        double momentumDecay = 4e-3, bool decoupledWeightDecay = false)
        : base(learningRate ?? 2e-3, weightDecay)
    {
        Beta1 = Require.Within(beta1, 0, 1, nameof(Nadam), nameof(beta1));
        Beta2 = Require.Within(beta2, 0, 1, nameof(Nadam), nameof(beta2));
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, nameof(Nadam), nameof(epsilon));
        MomentumDecay = Require.Within(momentumDecay, 0, double.PositiveInfinity, nameof(Nadam), nameof(momentumDecay));
        DecayMode = decoupledWeightDecay ? WeightDecayMode.Decoupled : WeightDecayMode.Coupled;
    }

    /// <summary>How much of the mean of the gradients is kept.</summary>
    public double Beta1 { get; }

    /// <summary>How much of the mean of the squares is kept.</summary>
    public double Beta2 { get; }

    /// <summary>What keeps the divisor from 0.</summary>
    public double Epsilon { get; }

    /// <summary>How fast the momentum grows.</summary>
    public double MomentumDecay { get; }

    /// <inheritdoc/>
    public override WeightDecayMode DecayMode { get; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => Moments.SlotNames;

    /// <inheritdoc/>
    protected internal override int HyperparameterCount => 3;

    /// <inheritdoc/>
    protected internal override void ComputeHyperparameters(long step, double learningRate, Span<double> values)
    {
        double product = MomentumProduct(step), next = MomentumAt(step + 1);
        values[0] = learningRate * (1 - MomentumAt(step)) / (1 - product);
        values[1] = learningRate * next / (1 - product * next);
        values[2] = 1 / Math.Sqrt(1 - Math.Pow(Beta2, step));
    }

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        (Tensor first, Tensor second) = Moments.Update(update, Beta1, Beta2);
        Tensor scale = Tensor.Sqrt(second) * update.Hyperparameters[2] + Epsilon;
        return update.Value - (update.Gradient * update.Hyperparameters[0] + first * update.Hyperparameters[1]) / scale;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("beta1", Beta1);
        config.Set("beta2", Beta2);
        config.Set("epsilon", Epsilon);
        config.Set("weightDecay", WeightDecay);
        config.Set("momentumDecay", MomentumDecay);
        config.Set("decoupledWeightDecay", DecayMode == WeightDecayMode.Decoupled);
    }

    internal static Nadam Read(LearningRateSchedule learningRate, LayerConfig config) => new(
        learningRate, config.GetDouble("beta1"), config.GetDouble("beta2"), config.GetDouble("epsilon"), config.GetDouble("weightDecay"),
        config.GetDouble("momentumDecay"), config.GetBoolean("decoupledWeightDecay"));

    private double MomentumAt(long step) => Beta1 * (1 - 0.5 * Math.Pow(0.96, step * MomentumDecay));

    /// <summary>The product of the momenta of all steps up to one. The last is kept: a later step multiplies from there, in the same order.</summary>
    private double MomentumProduct(long step)
    {
        lock (_lock)
        {
            (long known, double product) = _product.Step <= step ? _product : (0, 1);
            while (known < step && product > Negligible)
                product *= MomentumAt(++known);
            _product = (known, product);
            return product;
        }
    }
}
