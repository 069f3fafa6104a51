namespace Anneal;

/// <summary>
/// Stochastic gradient descent as <c>torch.optim.SGD</c>: with g = gradient + weightDecay · p and v = momentum · v + (1 - dampening) · g
/// (v = g at the first step), p -= learningRate · v, or with Nesterov's look-ahead p -= learningRate · (g + momentum · v).
/// </summary>
public sealed class Sgd : Optimizer
{
    /// <summary>Makes the optimizer.</summary>
    /// <param name="learningRate">The size of a step, or a schedule of it; null is 1e-3.</param>
    /// <param name="momentum">How much of the last direction is kept, at least 0 and below 1; 0 keeps nothing.</param>
    /// <param name="dampening">How much of a new gradient is left out of the momentum, at least 0 and below 1.</param>
    /// <param name="nesterov">Whether the step looks ahead; needs a momentum and no dampening.</param>
    /// <param name="weightDecay">How much of the parameter is added to its gradient.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Sgd(LearningRateSchedule? learningRate = null, double momentum = 0, double dampening = 0, bool nesterov = false, double weightDecay = 0)
        : base(learningRate ?? 1e-3, weightDecay)
    {
        Momentum = Require.Within(momentum, 0, 1, nameof(Sgd), nameof(momentum));
        Dampening = Require.Within(dampening, 0, 1, nameof(Sgd), nameof(dampening));
        Nesterov = nesterov;
        if (nesterov && (momentum == 0 || dampening != 0))
            throw new OptionException($"{nameof(Sgd)}: nesterov needs a momentum above 0 and no dampening.");
        if (dampening != 0 && momentum == 0)
            throw new OptionException($"{nameof(Sgd)}: dampening has no meaning without momentum.");
    }

    /// <summary>How much of the last direction is kept.</summary>
    public double Momentum { get; }

    /// <summary>How much of a new gradient is left out of the momentum.</summary>
    public double Dampening { get; }

    /// <summary>Whether the step looks ahead.</summary>
    public bool Nesterov { get; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<string> SlotNames => Momentum == 0 ? [] : ["momentum"];

    /// <inheritdoc/>
    protected internal override int HyperparameterCount => Dampening == 0 ? 0 : 1;

    /// <inheritdoc/>
    protected internal override void ComputeHyperparameters(long step, double learningRate, Span<double> values)
    {
        if (Dampening != 0)
            values[0] = step == 1 ? 1 : 1 - Dampening;
    }

    /// <inheritdoc/>
    protected internal override Tensor Update(ParameterUpdate update)
    {
        Tensor direction = update.Gradient;
        if (Momentum != 0)
        {
            Tensor velocity = update.Slots[0] * Momentum + (Dampening == 0 ? direction : direction * update.Hyperparameters[0]);
            update.Slots[0].Assign(velocity);
            direction = Nesterov ? direction + velocity * Momentum : velocity;
        }

        return update.Value - direction * update.LearningRate;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("momentum", Momentum);
        config.Set("dampening", Dampening);
        config.Set("nesterov", Nesterov);
        config.Set("weightDecay", WeightDecay);
    }

    internal static Sgd Read(LearningRateSchedule learningRate, LayerConfig config) => new(
        learningRate, config.GetDouble("momentum"), config.GetDouble("dampening"), config.GetBoolean("nesterov"), config.GetDouble("weightDecay"));
}
