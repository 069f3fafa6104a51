namespace Anneal;

/// <summary>What an optimizer's rule is given to record the update of one parameter.</summary>
public sealed class ParameterUpdate
{
    internal ParameterUpdate(Tensor value, Tensor gradient, IReadOnlyList<State> slots, Tensor learningRate, IReadOnlyList<Tensor> hyperparameters, double weightDecay)
    {
        (Value, Gradient, Slots) = (value, gradient, slots);
        (LearningRate, Hyperparameters, WeightDecay) = (learningRate, hyperparameters, weightDecay);
    }

    /// <summary>The parameter before the step; decoupled weight decay has been applied to it.</summary>
    public Tensor Value { get; }

    /// <summary>The gradient, of the same shape, clipped; coupled weight decay has been added to it.</summary>
    public Tensor Gradient { get; }

    /// <summary>The remembered tensors, in the order of <see cref="Optimizer.SlotNames"/>, of the same shape. The rule assigns to them.</summary>
    public IReadOnlyList<State> Slots { get; }

    /// <summary>The learning rate of the step, without axes.</summary>
    public Tensor LearningRate { get; }

    /// <summary>What <see cref="Optimizer.ComputeHyperparameters"/> computed, without axes.</summary>
    public IReadOnlyList<Tensor> Hyperparameters { get; }

    /// <summary>The weight decay of this parameter, for rules of <see cref="WeightDecayMode.ByRule"/>.</summary>
    public double WeightDecay { get; }
}
