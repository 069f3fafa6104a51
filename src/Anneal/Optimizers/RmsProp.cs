namespace Anneal;

/// <summary>
/// RMSProp (Tieleman and Hinton, 2012) as <c>torch.optim.RMSprop</c>: v = alpha · v + (1 - alpha) · g², d = g / (sqrt(v) + epsilon), and
/// p -= learningRate · d, or with momentum p -= learningRate · b with b = momentum · b + d. The centered form (Graves, 2013) takes the square of
/// the gradient's running mean from v, which makes it the variance.
/// </summary>
public sealed class RmsProp : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1e-2.</param>
    /// <param name="alpha">How much of the mean of the squares is kept, at least 0 and below 1.</param>
    /// <param name="epsilon">What keeps the divisor from 0.</param>
    /// <param name="momentum">How much of the last direction is kept, at least 0 and below 1; 0 keeps nothing.</param>
    /// <param name="centered">Whether squares are taken around the running mean of the gradient.</param>
    /// <param name="weightDecay">How much of the parameter is added to its gradient.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public RmsProp(
        LearningRateSchedule? learningRate = null, double alpha = 0.99, double epsilon = 1e-8, double momentum = 0, bool centered = false, double weightDecay = 0)
        : base(learningRate ?? 1e-2, weightDecay)
    {
        Alpha = Require.Within(alpha, 0, 1, nameof(RmsProp), nameof(alpha));
        Epsilon = Require.Within(epsilon, 0, double.PositiveInfinity, nameof(RmsProp), nameof(epsilon));
        Momentum = Require.Within(momentum, 0, 1, nameof(RmsProp), nameof(momentum));
        Centered = centered;
        SlotNames = ["mean_square", .. momentum == 0 ? (string[])[] : ["momentum"], .. centered ? (string[])["mean_gradient"] : []];
    }

    /// <summary>How much of the mean of the squares is kept.</summary>
    public double Alpha { get; }

    /// <summary>What keeps the divisor from 0.</summary>
    public double Epsilon { get; }

    /// <summary>How much of the last direction is kept.</summary>
    public double Momentum { get; }

    /// <summary>Whether squares are taken around the running mean of the gradient.</summary>
    public bool Centered { get; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames { get; }

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        Tensor gradient = update.Gradient, square = update.Slots[0] * Alpha + gradient * gradient * (1 - Alpha);
        update.Slots[0].Assign(square);
        if (Centered)
        {
            Tensor mean = update.Slots[^1] + (gradient - update.Slots[^1]) * (1 - Alpha);
            update.Slots[^1].Assign(mean);

            // Rounding may take a variance below 0.
            square = Tensor.Relu(square - mean * mean);
        }

        Tensor direction = gradient / (Tensor.Sqrt(square) + Epsilon);
        if (Momentum != 0)
        {
            direction = update.Slots[1] * Momentum + direction;
            update.Slots[1].Assign(direction);
        }

        return update.Value - direction * update.LearningRate;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("alpha", Alpha);
        config.Set("epsilon", Epsilon);
        config.Set("momentum", Momentum);
        config.Set("centered", Centered);
        config.Set("weightDecay", WeightDecay);
    }

    internal static RmsProp Read(LearningRateSchedule learningRate, LayerConfig config) => new(
        learningRate, config.GetDouble("alpha"), config.GetDouble("epsilon"), config.GetDouble("momentum"), config.GetBoolean("centered"),
        config.GetDouble("weightDecay"));
}
