using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal;

/// <summary>
/// The sums over the parts of a batch: for each parameter the gradient of the summed loss, and what counted. A part adds to them, the
/// update divides one by the other, so the step is that of the whole batch.
/// </summary>
internal sealed class GradientAccumulation
{
    private readonly Dictionary<Parameter, State> _sums = [];

    private State Count { get; } = new(Shape.Scalar, "accumulation/count");

    /// <summary>Records the addition of a part.</summary>
    /// <param name="restart">Whether this is the first part, as a truth value without axes.</param>
    /// <param name="trained">The parameters.</param>
    /// <param name="gradients">The gradients of the part's summed loss.</param>
    /// <param name="count">What counted in the part.</param>
    internal void Add(Tensor restart, NamedVariable[] trained, Tensor[] gradients, Tensor count)
    {
        AddTo(Count, count, restart);
        for (int i = 0; i < trained.Length; i++)
            AddTo(SumOf(trained[i]), gradients[i], restart);
    }

    /// <summary>The gradients of the mean loss over all parts.</summary>
    internal Tensor[] Means(NamedVariable[] trained)
    {
        Tensor count = Count;
        Tensor divisor = Tensor.Select(count.EqualTo(0), count.FillLike(1), count);
        return [.. trained.Select(v => (Tensor)SumOf(v) / divisor)];
    }

    private State SumOf(NamedVariable variable)
    {
        var parameter = (Parameter)variable.Variable;
        if (!_sums.TryGetValue(parameter, out State? sum))
            _sums[parameter] = sum = new State(new TensorData(parameter.Type), "accumulation/" + variable.Name);
        return sum;
    }

    private static void AddTo(State sum, Tensor value, Tensor restart) =>
        sum.Assign(Tensor.Select(restart.BroadcastTo(value.Shape), value, sum + value));
}

/// <summary>The update after the parts of a batch, compiled.</summary>
internal sealed class UpdateProgram
{
    private readonly TrainingSetup _setup;
    private readonly ProgramContext _context;
    private readonly int _hyperparameters;

    private UpdateProgram(TrainingSetup setup, ProgramContext context, int hyperparameters) =>
        (_setup, _context, _hyperparameters) = (setup, context, hyperparameters);

    /// <summary>Whether the last run's gradients were finite; if not, it has changed nothing.</summary>
    internal unsafe bool IsFinite => *(float*)_context.Outputs[0].Pointer != 0;

    internal static UpdateProgram Compile(Model model, TrainingSetup setup)
    {
        int hyperparameters = 0;
        Graph graph = Graph.Of("update of " + model.Name, [], _ =>
        {
            Trace trace = Trace.Current!;
            NamedVariable[] trained = StepUpdate.TrainedOf(model);
            Tensor[] gradients = setup.Accumulation.Means(trained);
            hyperparameters = StepUpdate.Record(trace, setup, trained, gradients);
            Tensor isFinite = StepUpdate.AreFinite(gradients);
            StepUpdate.KeepUnless(trace, isFinite);
            return [isFinite.Cast(DType.Float32)];
        });
        return new UpdateProgram(setup, CompiledGraph.Compile(graph).CreateContext(), hyperparameters);
    }

    internal void Run()
    {
        StepProgram.CopyHyperparameters(_setup, _context, _hyperparameters);
        _context.Run();
    }
}
