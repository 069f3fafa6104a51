namespace Anneal;

/// <summary>
/// How parameters follow their gradients. An optimizer holds options; what it remembers of a model lies in an
/// <see cref="OptimizerState"/>. Definitions and defaults are PyTorch's.
/// </summary>
/// <remarks>
/// Values that change from step to step (the learning rate, corrections of the bias) are computed on the host in double precision and
/// enter the graph as inputs, so one compiled step serves all of them. To add an optimizer, derive from this class in one file.
/// </remarks>
public abstract class Optimizer
{
    private double _learningRate;

    /// <summary>Makes an optimizer.</summary>
    /// <param name="learningRate">The learning rate; finite and at least 0.</param>
    /// <exception cref="OptionException">The learning rate is out of range.</exception>
    protected Optimizer(double learningRate) => LearningRate = learningRate;

    /// <summary>The size of a step. It may be changed between steps.</summary>
    /// <exception cref="OptionException">The value is negative or not finite.</exception>
    public double LearningRate
    {
        get => _learningRate;
        set => _learningRate = Require.Within(value, 0, double.PositiveInfinity, TypeName, nameof(LearningRate));
    }

    /// <summary>The name under which the configuration is stored.</summary>
    public virtual string TypeName => GetType().Name;

    /// <summary>The names of the tensors that are remembered for each parameter, such as <c>momentum</c>.</summary>
    protected internal abstract IReadOnlyList<string> SlotNames { get; }

    /// <summary>How many numbers change from step to step.</summary>
    protected internal abstract int HyperparameterCount { get; }

    /// <summary>Computes the numbers that change from step to step.</summary>
    /// <param name="step">The number of the step, counted from 1.</param>
    /// <param name="values">Where to; <see cref="HyperparameterCount"/> numbers.</param>
    protected internal abstract void ComputeHyperparameters(long step, Span<double> values);

    /// <summary>Records the update of one parameter and its slots, by assigning to them.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradient">Its gradient, of the same shape.</param>
    /// <param name="slots">The remembered tensors, in the order of <see cref="SlotNames"/>, of the same shape, at first 0.</param>
    /// <param name="hyperparameters">The numbers that change, as tensors without axes.</param>
    protected internal abstract void Update(Parameter parameter, Tensor gradient, IReadOnlyList<State> slots, IReadOnlyList<Tensor> hyperparameters);

    /// <summary>Writes what the constructor needs, beyond the learning rate.</summary>
    protected internal virtual void WriteConfig(LayerConfig config)
    {
    }

    /// <summary>Makes memory for training these parameters in a loop of one's own.</summary>
    public OptimizerState CreateState(IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var state = new OptimizerState(this);
        foreach (Parameter parameter in parameters)
            state.Slots(parameter, parameter.Name);
        return state;
    }

    /// <summary>Records the updates of parameters inside of a traced function.</summary>
    /// <param name="state">What <see cref="CreateState"/> made.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="gradients">The gradient of each.</param>
    /// <param name="hyperparameters">
    /// The function's inputs for the numbers that change: <see cref="HyperparameterCount"/> tensors without axes, fed at each run with what
    /// <see cref="OptimizerState.NextStep"/> gives.
    /// </param>
    /// <exception cref="OptionException">The numbers of parameters, gradients or hyperparameters do not fit.</exception>
    public void Apply(OptimizerState state, IReadOnlyList<Parameter> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> hyperparameters)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradients);
        ArgumentNullException.ThrowIfNull(hyperparameters);
        if (parameters.Count != gradients.Count)
            throw new OptionException($"{TypeName}: expected a gradient for each of {parameters.Count} parameters, but found {gradients.Count}.");
        if (hyperparameters.Count != HyperparameterCount)
            throw new OptionException($"{TypeName}: expected {HyperparameterCount} hyperparameters, but found {hyperparameters.Count}.");
        for (int i = 0; i < parameters.Count; i++)
            Update(parameters[i], gradients[i], state.Slots(parameters[i], parameters[i].Name), hyperparameters);
    }
}
