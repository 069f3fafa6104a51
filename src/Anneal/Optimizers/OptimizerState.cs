namespace Anneal;

/// <summary>What an optimizer remembers of a model: how many steps it has made, and tensors for each parameter.</summary>
public sealed class OptimizerState : IBeforeRun
{
    private readonly Dictionary<Parameter, Entry> _entries = [];
    private readonly List<Entry> _ordered = [];
    private readonly List<StepNumbers> _numbers = [];
    private double? _learningRate;

    internal OptimizerState(Optimizer optimizer)
    {
        optimizer.RequireConsistent();
        Optimizer = optimizer;
    }

    /// <summary>Whose memory this is.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>The number of steps made.</summary>
    public long Step { get; internal set; }

    /// <summary>The learning rate of the last step, before any group's factor; of the first step where there was none.</summary>
    public double LearningRate => _learningRate ?? Optimizer.Schedule.RateAt(Math.Max(0, Step - 1));

    /// <summary>All slots by their names in files, such as <c>optimizer/dense/kernel/momentum</c>.</summary>
    internal IEnumerable<State> All => _ordered.SelectMany(e => e.Slots);

    /// <summary>Counts a step and computes the numbers that it needs.</summary>
    void IBeforeRun.Prepare()
    {
        double rate = Optimizer.Schedule.RateAt(Step);
        if (!(rate >= 0 && rate <= double.MaxValue))
            throw new OptionException(FormattableString.Invariant($"{Optimizer.Schedule.TypeName}: the learning rate after {Step} steps is {rate}; expected a finite number of at least 0."));
        Step++;
        _learningRate = rate;
        foreach (StepNumbers numbers in _numbers)
            numbers.Compute(Step, rate);
    }

    /// <summary>Takes back the last step, which changed nothing.</summary>
    internal void TakeBackStep() => Step--;

    void IBeforeRun.TakeBack() => TakeBackStep();

    /// <summary>Makes each run of the program that is being traced a step of this state.</summary>
    internal void CountRuns()
    {
        Trace trace = Trace.Current ?? throw new TraceException(
            $"{Optimizer.TypeName}: updates are recorded inside of a traced function. Hint: call {nameof(Anneal.Optimizer.Apply)} within Program.Compile.");
        if (trace.BeforeRun.Contains(this))
            throw new OptionException($"{Optimizer.TypeName}: the state is applied twice in the function \"{trace.Name}\". Hint: give all parameters at once, or make a state for each part.");
        trace.BeforeRun.Add(this);
    }

    /// <summary>The slots of a parameter, made on first use.</summary>
    internal State[] Slots(Parameter parameter, string name)
    {
        if (_entries.TryGetValue(parameter, out Entry? entry))
            return entry.Slots;
        State[] slots = [.. Optimizer.AllSlotNames.Select((slot, i) => MakeSlot(parameter, i, SlotName(name, slot)))];
        entry = new Entry(slots, Optimizer.GroupIndex(name));
        _entries.Add(parameter, entry);
        _ordered.Add(entry);
        return slots;
    }

    /// <summary>The group of a parameter that has slots, or null.</summary>
    internal ParameterGroup? GroupOf(Parameter parameter) => _entries[parameter].Group is >= 0 and var index ? Optimizer.Groups[index] : null;

    /// <summary>The numbers of a step for a parameter that has slots; parameters of one group and type share them.</summary>
    internal StepNumbers NumbersFor(Parameter parameter)
    {
        int group = _entries[parameter].Group;
        DType dtype = parameter.Type.DType;
        StepNumbers? numbers = _numbers.Find(n => n.Group == group && n.DType == dtype);
        if (numbers is null)
            _numbers.Add(numbers = new StepNumbers(Optimizer, group, dtype));
        return numbers;
    }

    internal static string SlotName(string parameter, string slot) => $"optimizer/{parameter}/{slot}";

    /// <summary>A running mean begins at the parameter, so that it is right for one that is never trained; a slot of the rule where the rule says.</summary>
    private State MakeSlot(Parameter parameter, int slot, string name)
    {
        if (slot >= Optimizer.SlotNames.Count)
            return new State(parameter.Storage, name);
        var state = new State(parameter.Shape, name, parameter.Type.DType);
        double initial = Optimizer.InitialSlotValue(slot);
        for (long i = 0; initial != 0 && i < state.Shape.ElementCount; i++)
            state.Storage.SetDouble(i, initial);
        return state;
    }

    private sealed record Entry(State[] Slots, int Group);
}
