using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal;

/// <summary>
/// The sums over the parts of a batch: for each parameter the gradient of the summed loss, and what counted. A part adds to them, the
/// update divides one by the other, so the step is that of the whole batch.
/// </summary>
internal sealed class GradientAccumulation
{
    private readonly GradientSums _losses = new("accumulation/"), _penalties = new("accumulation/penalty/");

    /// <summary>Records the addition of a part.</summary>
    /// <param name="restart">Whether this is the first part, as a truth value without axes.</param>
    /// <param name="trained">The parameters.</param>
    /// <param name="gradients">The gradients of the part's summed loss.</param>
    /// <param name="count">What counted in the part.</param>
    internal void Add(Tensor restart, NamedVariable[] trained, Tensor[] gradients, Tensor count) => _losses.Add(restart, trained, gradients, count);

    /// <summary>Records the addition of a part's penalties, which are means over examples where the loss is one over what counts.</summary>
    /// <param name="restart">Whether this is the first part, as a truth value without axes.</param>
    /// <param name="trained">The parameters.</param>
    /// <param name="gradients">The gradients of the part's penalties times its examples.</param>
    /// <param name="examples">The number of examples of the part.</param>
    internal void AddPenalties(Tensor restart, NamedVariable[] trained, Tensor[] gradients, Tensor examples) =>
        _penalties.Add(restart, trained, gradients, examples);

    /// <summary>The gradients of the mean loss over all parts.</summary>
    /// <param name="trained">The parameters.</param>
    /// <param name="separatesPenalties">Whether the parts add their penalties apart.</param>
    internal Tensor[] Means(NamedVariable[] trained, bool separatesPenalties)
    {
        Tensor[] means = _losses.Means(trained);
        return separatesPenalties ? [.. means.Zip(_penalties.Means(trained), (a, b) => a + b)] : means;
    }

    /// <summary>The name of the first parameter whose sum is not finite, or null.</summary>
    internal string? FirstNonFinite() => _losses.FirstNonFinite() ?? _penalties.FirstNonFinite();

    /// <summary>Whether a variable is one of the sums.</summary>
    internal bool Owns(Variable variable) => _losses.Owns(variable) || _penalties.Owns(variable);
}

/// <summary>Sums of gradients and what they are divided by.</summary>
internal sealed class GradientSums(string prefix)
{
    private readonly Dictionary<Parameter, State> _sums = [];

    private State Count { get; } = new(Shape.Scalar, prefix + "count");

    internal void Add(Tensor restart, NamedVariable[] trained, Tensor[] gradients, Tensor count)
    {
        AddTo(Count, count, restart);
        for (int i = 0; i < trained.Length; i++)
            AddTo(SumOf(trained[i]), gradients[i], restart);
    }

    internal Tensor[] Means(NamedVariable[] trained)
    {
        Tensor count = Count;
        Tensor divisor = Tensor.Select(count.EqualTo(0), count.FillLike(1), count);
        return [.. trained.Select(v => (Tensor)SumOf(v) / divisor)];
    }

    internal string? FirstNonFinite() => _sums
        .Where(s => Enumerable.Range(0, (int)s.Value.Shape.ElementCount).Any(i => !double.IsFinite(s.Value.Storage.GetDouble(i))))
        .Select(s => s.Key.Name).FirstOrDefault();

    /// <summary>Whether a variable is one of these sums.</summary>
    internal bool Owns(Variable variable) => variable == Count || _sums.Values.Contains<Variable>(variable);

    private State SumOf(NamedVariable variable)
    {
        var parameter = (Parameter)variable.Variable;
        if (!_sums.TryGetValue(parameter, out State? sum))
            _sums[parameter] = sum = new State(parameter.Shape, prefix + variable.Name, parameter.Type.DType);
        return sum;
    }

    private static void AddTo(State sum, Tensor value, Tensor restart) =>
        sum.Assign(Tensor.Select(restart.BroadcastTo(value.Shape), value, sum + value));
}

/// <summary>The update after the parts of a batch, compiled.</summary>
internal sealed class UpdateProgram
{
    private readonly ProgramContext _context;

    private UpdateProgram(ProgramContext context) => _context = context;

    /// <summary>Whether the last run's gradients were finite; if not, it has changed nothing.</summary>
    internal bool HasFiniteGradients => float.IsFinite(_context.Outputs[0].AsSpan<float>()[0]);

    internal static UpdateProgram Compile(Model model, TrainingSetup setup, bool separatesPenalties)
    {
        Graph graph = Graph.Of("update of " + model.Name, [], _ =>
        {
            NamedVariable[] trained = StepUpdate.TrainedOf(model);
            Tensor[] gradients = setup.Accumulation.Means(trained, separatesPenalties);
            StepUpdate.Record(model, setup, trained, gradients);

            // An infinity less itself is not a number, and so is all that it is added to.
            Tensor gate = gradients.Select(g => (g - g).Sum()).Aggregate((a, b) => a + b);
            StepUpdate.KeepWhereNotFinite(Trace.Current!, gate);
            return [gate];
        });
        return new UpdateProgram(CompiledGraph.Compile(graph).CreateContext());
    }

    internal void Run() => _context.Run();
}
