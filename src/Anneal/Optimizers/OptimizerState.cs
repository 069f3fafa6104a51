namespace Anneal;

/// <summary>What an optimizer remembers of a model: how many steps it has made, and tensors for each parameter.</summary>
public sealed class OptimizerState
{
    private readonly Dictionary<Parameter, State[]> _slots = [];
    private readonly List<(string Name, State[] Slots)> _ordered = [];
    private readonly TensorData[] _hyperparameters;
    private readonly double[] _values;

    internal OptimizerState(Optimizer optimizer)
    {
        Optimizer = optimizer;
        _values = new double[optimizer.HyperparameterCount];
        _hyperparameters = new TensorData[_values.Length];
        for (int i = 0; i < _hyperparameters.Length; i++)
            _hyperparameters[i] = new TensorData(DType.Float32, Shape.Scalar);
    }

    /// <summary>Whose memory this is.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>The number of steps made.</summary>
    public long Step { get; internal set; }

    /// <summary>The type of each hyperparameter as an input of a program.</summary>
    internal static TensorType HyperparameterType { get; } = new(DType.Float32, Shape.Scalar);

    /// <summary>Counts a step and computes the numbers that it needs. The tensors are the same at each call; nothing is allocated.</summary>
    public IReadOnlyList<TensorData> NextStep()
    {
        Optimizer.ComputeHyperparameters(++Step, _values);
        for (int i = 0; i < _values.Length; i++)
            _hyperparameters[i].SetDouble(0, _values[i]);
        return _hyperparameters;
    }

    /// <summary>Takes back the last step, which changed nothing.</summary>
    internal void TakeBackStep() => Step--;

    /// <summary>All slots by their names in files, such as <c>optimizer/dense/kernel/momentum</c>.</summary>
    internal IEnumerable<State> All => _ordered.SelectMany(s => s.Slots);

    /// <summary>The slots of a parameter, made on first use.</summary>
    internal State[] Slots(Parameter parameter, string name)
    {
        if (_slots.TryGetValue(parameter, out State[]? slots))
            return slots;
        slots = [.. Optimizer.SlotNames.Select(s => new State(new TensorData(parameter.Type), SlotName(name, s)))];
        _slots.Add(parameter, slots);
        _ordered.Add((name, slots));
        return slots;
    }

    internal static string SlotName(string parameter, string slot) => $"optimizer/{parameter}/{slot}";
}
