namespace Anneal;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019) as <c>torch.optim.AdamW</c>: before the step of <see cref="Adam"/>,
/// p is multiplied by 1 - learningRate · weightDecay.
/// </summary>
public sealed class AdamW : Optimizer
{
    private readonly AdamRule _rule;

    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1e-3.</param>
    /// <param name="beta1">How much of the mean of the gradients is kept, at least 0 and below 1.</param>
    /// <param name="beta2">How much of the mean of the squares is kept, at least 0 and below 1.</param>
    /// <param name="epsilon">What keeps the divisor from 0.</param>
    /// <param name="weightDecay">How much of the parameter is taken away at each step, times the learning rate.</param>
    /// <param name="amsgrad">Whether the largest mean of squares so far is used (Reddi, Kale and Kumar, 2018).</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public AdamW(
        LearningRateSchedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 1e-2, bool amsgrad = false)
        : base(learningRate ?? 1e-3, weightDecay) => _rule = new AdamRule(beta1, beta2, epsilon, amsgrad, nameof(AdamW));

    /// <summary>How much of the mean of the gradients is kept.</summary>
    public double Beta1 => _rule.Beta1;

    /// <summary>How much of the mean of the squares is kept.</summary>
    public double Beta2 => _rule.Beta2;

    /// <summary>What keeps the divisor from 0.</summary>
    public double Epsilon => _rule.Epsilon;

    /// <summary>Whether the largest mean of squares so far is used.</summary>
    public bool Amsgrad => _rule.Amsgrad;

    /// <inheritdoc/>
    public override WeightDecayMode DecayMode => WeightDecayMode.Decoupled;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => _rule.SlotNames;

    /// <inheritdoc/>
    protected internal override int HyperparameterCount => AdamRule.HyperparameterCount;

    /// <inheritdoc/>
    protected internal override void ComputeHyperparameters(long step, double learningRate, Span<double> values) =>
        _rule.ComputeHyperparameters(step, learningRate, values);

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update) => _rule.Update(update);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        _rule.WriteConfig(config);
        config.Set("weightDecay", WeightDecay);
    }

    internal static AdamW Read(LearningRateSchedule learningRate, LayerConfig config) => new(
        learningRate, config.GetDouble("beta1"), config.GetDouble("beta2"), config.GetDouble("epsilon"), config.GetDouble("weightDecay"),
        config.GetBoolean("amsgrad"));
}
