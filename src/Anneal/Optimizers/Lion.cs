namespace Anneal;

/// <summary>
/// Lion (Chen et al., 2023): with p first multiplied by 1 - learningRate · weightDecay, p -= learningRate · sign(beta1 · m + (1 - beta1) · g), then
/// m = beta2 · m + (1 - beta2) · g. Its learning rate is usually 3 to 10 times smaller than Adam's, its weight decay as many times larger.
/// </summary>
public sealed class Lion : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1e-4.</param>
    /// <param name="beta1">How much of the momentum enters the step, at least 0 and below 1.</param>
    /// <param name="beta2">How much of the momentum is kept, at least 0 and below 1.</param>
    /// <param name="weightDecay">How much of the parameter is taken away at each step, times the learning rate.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Lion(LearningRateSchedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0)
        : base(learningRate ?? 1e-4, weightDecay)
    {
        Beta1 = Require.Within(beta1, 0, 1, nameof(Lion), nameof(beta1));
        Beta2 = Require.Within(beta2, 0, 1, nameof(Lion), nameof(beta2));
    }

    /// <summary>How much of the momentum enters the step.</summary>
    public double Beta1 { get; }

    /// <summary>How much of the momentum is kept.</summary>
    public double Beta2 { get; }

    /// <inheritdoc/>
    public override WeightDecayMode DecayMode => WeightDecayMode.Decoupled;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => ["momentum"];

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        // One difference serves both means, which makes the update one loop.
        Tensor momentum = update.Slots[0], difference = update.Gradient - momentum;
        update.Slots[0].Assign(momentum + difference * (1 - Beta2));
        return update.Value - Tensor.Sign(momentum + difference * (1 - Beta1)) * update.LearningRate;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("beta1", Beta1);
        config.Set("beta2", Beta2);
        config.Set("weightDecay", WeightDecay);
    }

    internal static Lion Read(LearningRateSchedule learningRate, LayerConfig config) =>
        new(learningRate, config.GetDouble("beta1"), config.GetDouble("beta2"), config.GetDouble("weightDecay"));
}
