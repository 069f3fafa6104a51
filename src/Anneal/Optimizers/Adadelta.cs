namespace Anneal;

/// <summary>
/// Adadelta (Zeiler, 2012) as <c>torch.optim.Adadelta</c>: v = rho · v + (1 - rho) · g², d = g · sqrt(u + epsilon) / sqrt(v + epsilon),
/// u = rho · u + (1 - rho) · d², p -= learningRate · d.
/// </summary>
public sealed class Adadelta : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1.</param>
    /// <param name="rho">How much of the means of squares is kept, at least 0 and below 1.</param>
    /// <param name="epsilon">What lets the first step begin and keeps the divisor from 0; above 0.</param>
    /// <param name="weightDecay">How much of the parameter is added to its gradient.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Adadelta(LearningRateSchedule? learningRate = null, double rho = 0.9, double epsilon = 1e-6, double weightDecay = 0) : base(learningRate ?? 1, weightDecay)
    {
        Rho = Require.Within(rho, 0, 1, nameof(Adadelta), nameof(rho));
        Epsilon = Require.Positive(epsilon, nameof(Adadelta), nameof(epsilon));
    }

    /// <summary>How much of the means of squares is kept.</summary>
    public double Rho { get; }

    /// <summary>What lets the first step begin and keeps the divisor from 0.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => ["mean_square", "mean_square_of_steps"];

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        Tensor gradient = update.Gradient, steps = update.Slots[1];
        Tensor square = update.Slots[0] * Rho + gradient * gradient * (1 - Rho);
        Tensor direction = Tensor.Sqrt(steps + Epsilon) / Tensor.Sqrt(square + Epsilon) * gradient;
        update.Slots[0].Assign(square);
        update.Slots[1].Assign(steps * Rho + direction * direction * (1 - Rho));
        return update.Value - direction * update.LearningRate;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("rho", Rho);
        config.Set("epsilon", Epsilon);
        config.Set("weightDecay", WeightDecay);
    }

    internal static Adadelta Read(LearningRateSchedule learningRate, LayerConfig config) =>
        new(learningRate, config.GetDouble("rho"), config.GetDouble("epsilon"), config.GetDouble("weightDecay"));
}
