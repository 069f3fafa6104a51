using Anneal.Graphs;

namespace Anneal;

/// <summary>
/// How parameters follow their gradients. An optimizer holds options; what it remembers of a model lies in an
/// <see cref="OptimizerState"/>. Definitions and defaults are PyTorch's.
/// </summary>
/// <remarks>
/// <para>Values that change from step to step (the learning rate, corrections of the bias) are computed on the host in double precision and
/// enter the graph as states, so one compiled step serves all of them. The whole update of a parameter is one loop over it.</para>
/// <para>Steps are counted once for all parameters: one that is unfrozen later gets the corrections of the bias of the present step, where
/// PyTorch counts the steps of each parameter.</para>
/// <para>To add an optimizer, derive from this class in one file: name the slots, compute what changes, and record the rule.</para>
/// </remarks>
public abstract partial class Optimizer
{
    private const string Average = "average";
    private LearningRateSchedule _schedule;

    /// <summary>Makes an optimizer.</summary>
    /// <param name="learningRate">The learning rate: a number, or a schedule.</param>
    /// <param name="weightDecay">The share of the parameters that is taken away, in the way of <see cref="DecayMode"/>; finite and at least 0.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    protected Optimizer(LearningRateSchedule learningRate, double weightDecay = 0)
    {
        _schedule = Checked(learningRate);
        WeightDecay = Require.Within(weightDecay, 0, double.PositiveInfinity, TypeName, nameof(weightDecay));
    }

    /// <summary>The learning rate as a function of the step. It may be replaced between steps.</summary>
    public LearningRateSchedule Schedule
    {
        get => _schedule;
        set => _schedule = Checked(value);
    }

    /// <summary>The learning rate where it is the same at every step. It may be changed between steps.</summary>
    /// <exception cref="OptionException">
    /// The value is negative or not finite; or the rate follows a schedule: read <see cref="OptimizerState.LearningRate"/> or
    /// <see cref="TrainingRun.LearningRate"/>, and replace <see cref="Schedule"/>.
    /// </exception>
    public double LearningRate
    {
        get => RequireConstant().LearningRate;
        set
        {
            RequireConstant();
            _schedule = Checked(value);
        }
    }

    /// <summary>The share of the parameters that is taken away, unless a group of <see cref="Groups"/> has its own.</summary>
    public double WeightDecay { get; }

    /// <summary>How weight decay works.</summary>
    public virtual WeightDecayMode DecayMode => WeightDecayMode.Coupled;

    /// <summary>The name under which the configuration is stored.</summary>
    public virtual string TypeName => GetType().Name;

    /// <summary>The names of the tensors that are remembered for each parameter, such as <c>momentum</c>.</summary>
    protected internal abstract IReadOnlyList<string> SlotNames { get; }

    /// <summary>How many numbers change from step to step, besides the learning rate.</summary>
    protected internal virtual int HyperparameterCount => 0;

    /// <summary>
    /// Whether the rule treats each element alone, so that an embedding's rows without a gradient can be left as they are
    /// (<see cref="Parameter.UpdatesLazily"/>); a rule with norms or means over the parameter says no, and such a parameter is refused.
    /// </summary>
    protected internal virtual bool SupportsLazyUpdate => true;

    /// <summary>The value with which a slot begins.</summary>
    /// <param name="slot">Which of <see cref="SlotNames"/>.</param>
    protected internal virtual double InitialSlotValue(int slot) => 0;

    /// <summary>Computes the numbers that change from step to step. They may depend on the arguments alone, so that a saved training goes on with the same bits.</summary>
    /// <param name="step">The number of the step, counted from 1.</param>
    /// <param name="learningRate">The learning rate of the step, for the parameter's group.</param>
    /// <param name="values">Where to; <see cref="HyperparameterCount"/> numbers.</param>
    protected internal virtual void ComputeHyperparameters(long step, double learningRate, Span<double> values)
    {
    }

    /// <summary>Records the rule for one parameter: assigns to the slots and gives the parameter's new value.</summary>
    /// <param name="update">The parameter's value, its gradient, and what the rule needs besides.</param>
    /// <returns>The new value, of the same shape.</returns>
    protected internal abstract Tensor Update(ParameterUpdate update);

    /// <summary>Writes what the constructor needs, beyond the learning rate.</summary>
    protected internal virtual void WriteConfig(LayerConfig config)
    {
    }

    /// <summary>Makes memory for training these parameters in a loop of one's own.</summary>
    /// <exception cref="OptionException">There are no parameters, or a pattern of <see cref="Groups"/> matches none of their names.</exception>
    public OptimizerState CreateState(IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameter[] all = [.. parameters];
        if (all.Length == 0)
            throw new OptionException($"{TypeName}: expected at least one parameter, but found none. Hint: a model has its parameters once it is built; call {nameof(Model.Build)} first.");
        var state = new OptimizerState(this);
        RequireGroupsMatch([.. all.Select(p => p.Name)]);
        foreach (Parameter parameter in all)
            state.Slots(parameter, parameter.Name);
        return state;
    }

    /// <summary>
    /// Records the updates of parameters inside of a traced function: clipping, weight decay, the rule, constraints, and the running mean.
    /// Each run of the program is one step of the state, which it counts itself.
    /// </summary>
    /// <param name="state">What <see cref="CreateState"/> made.</param>
    /// <param name="parameters">The parameters.</param>
    /// <param name="gradients">The gradient of each.</param>
    /// <exception cref="OptionException">The state is another optimizer's, is applied twice in one function, or the numbers of parameters and gradients differ.</exception>
    /// <exception cref="TraceException">Outside of a traced function.</exception>
    public void Apply(OptimizerState state, IReadOnlyList<Parameter> parameters, IReadOnlyList<Tensor> gradients)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradients);
        if (state.Optimizer != this)
            throw new OptionException($"{TypeName}: the state belongs to another optimizer. Hint: call {nameof(CreateState)} of this one.");
        if (parameters.Count != gradients.Count)
            throw new OptionException($"{TypeName}: expected a gradient for each of {parameters.Count} parameters, but found {gradients.Count}.");
        state.CountRuns();
        IReadOnlyList<Tensor> clipped = Clip(gradients);
        for (int i = 0; i < parameters.Count; i++)
        {
            Tensor? touched = parameters[i].UpdatesLazily ? LazyRows(parameters[i], gradients[i]) : null;
            using (Trace.Within(isOwnCode: OwnCode.Contains(GetType().Assembly) && parameters[i].Constraint is null))
                Apply(state, parameters[i], clipped[i], touched);
        }
    }

    private void Apply(OptimizerState state, Parameter parameter, Tensor gradient, Tensor? touched)
    {
        State[] slots = state.Slots(parameter, parameter.Name);
        Tensor old = parameter;
        Tensor[] oldSlots = touched is null ? [] : [.. slots[..SlotNames.Count].Select(s => s.Read())];
        StepNumbers numbers = state.NumbersFor(parameter);
        double decay = state.GroupOf(parameter)?.WeightDecay ?? WeightDecay;
        Tensor value = old;
        if (decay != 0 && DecayMode == WeightDecayMode.Coupled)
            gradient += value * decay;
        if (decay != 0 && DecayMode == WeightDecayMode.Decoupled)
            value *= numbers.Kept;
        Tensor updated = Update(new ParameterUpdate(
            value, gradient, slots[..SlotNames.Count], numbers.LearningRate, [.. numbers.OfRule.Select(s => s.Read())], decay));
        updated = Kept(updated, old);
        if (parameter.Constraint is { } constraint)
            updated = Kept(constraint(updated), old);
        for (int i = 0; i < oldSlots.Length; i++)
            slots[i].Assign(Kept(slots[i], oldSlots[i]));
        parameter.Assign(updated);
        if (AverageMomentum is not null)
            slots[^1].Assign(slots[^1] * numbers.AverageKept + updated * numbers.AverageShare);

        Tensor Kept(Tensor changed, Tensor before) => touched is null ? changed : Tensor.Select(touched, changed, before);
    }

    /// <summary>
    /// Which rows of a parameter have a gradient, as truth values of its shape. The gradient is that before clipping and decay, which would
    /// hide rows or show all of them.
    /// </summary>
    /// <exception cref="OptionException">The rule cannot leave out rows.</exception>
    private Tensor LazyRows(Parameter parameter, Tensor gradient)
    {
        if (!SupportsLazyUpdate)
            throw new OptionException($"{TypeName}: {parameter.Name} is updated lazily, but the rule needs the whole parameter. Hint: use another optimizer, such as {nameof(AdamW)}, or an embedding without lazyUpdate.");
        var row = new int[gradient.Shape.Rank - 1];
        for (int i = 0; i < row.Length; i++)
            row[i] = i + 1;
        Tensor isNotZero = gradient.NotEqualTo(0).Cast(DType.Float32);
        return isNotZero.Max(row, keepAxes: true).NotEqualTo(0).BroadcastTo(gradient.Shape);
    }

    private IReadOnlyList<Tensor> Clip(IReadOnlyList<Tensor> gradients) =>
        ClipValue is { } value ? GradientClipping.ByValue(gradients, value)
        : ClipNorm is { } norm ? GradientClipping.ByNorm(gradients, norm)
        : GlobalClipNorm is { } global ? GradientClipping.ByGlobalNorm(gradients, global)
        : gradients;

    private LearningRateSchedule Checked(LearningRateSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (schedule is ConstantSchedule constant)
            Require.Within(constant.LearningRate, 0, double.PositiveInfinity, TypeName, nameof(LearningRate));
        return schedule;
    }

    private ConstantSchedule RequireConstant() => _schedule as ConstantSchedule ?? throw new OptionException(
        $"{TypeName}: the learning rate follows a {_schedule.TypeName}, so it is not one number. Hint: read {nameof(OptimizerState)}.{nameof(OptimizerState.LearningRate)}, or replace {nameof(Schedule)}.");
}
