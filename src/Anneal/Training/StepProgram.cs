using Anneal.Execution;
using Anneal.Ops;
using Anneal.Reference;

namespace Anneal;

/// <summary>What a compiled step is made for. Steps of equal keys share a program.</summary>
/// <param name="IsTraining">Whether the step updates parameters.</param>
/// <param name="Count">The number of examples.</param>
/// <param name="Types">The types of inputs and targets, the presence of weights, and which parameters are trained, as text.</param>
/// <param name="Options">How the graph is rewritten.</param>
internal sealed record StepKey(bool IsTraining, int Count, string Types, StepOptions Options);

/// <summary>How the graph of a training step is rewritten before it is compiled.</summary>
internal sealed record StepOptions
{
    internal static readonly StepOptions Default = new();

    /// <summary>The type in which products run.</summary>
    internal ComputePrecision Precision { get; init; }

    /// <summary>How many layers form a segment of which only the results are kept; 0 keeps all.</summary>
    internal int CheckpointEvery { get; init; }

    /// <summary>Whether the step adds its gradients to those of other parts of the batch instead of updating.</summary>
    internal bool Accumulates { get; init; }

    /// <summary>Whether the loss is scaled before gradients are taken.</summary>
    internal bool ScalesLoss { get; init; }

    /// <summary>What changes inputs and targets first, or null.</summary>
    internal PairAugmentation? Augmentation { get; init; }
}

/// <summary>Where a value of a step is found among the outputs of its graph.</summary>
/// <param name="Value">The index of the output that holds the value.</param>
/// <param name="IsMean">Whether it is a mean rather than a sum.</param>
/// <param name="Count">The index of the output that holds the count, or -1 where it is <paramref name="FixedCount"/>.</param>
/// <param name="FixedCount">The count where it is always the same.</param>
internal readonly record struct StepValue(int Value, bool IsMean, int Count, double FixedCount)
{
    /// <summary>A value that the graph does not give: a metric works it out on the host.</summary>
    internal static StepValue Streamed => new(-1, false, -1, 0);
}

/// <summary>What a metric on the host looks at after a step.</summary>
/// <param name="Value">The index of its value among the step's values.</param>
/// <param name="Output">The index of the graph's output that holds the prediction.</param>
/// <param name="Target">The index of the graph's input that holds the targets.</param>
/// <param name="ChangedTarget">The index of the graph's output that holds the targets where the step changes them first, or -1.</param>
/// <param name="Counts">The index of the graph's output that says which positions count, or -1 where all do.</param>
internal sealed record StepStream(int Value, int Output, int Target, int ChangedTarget, int Counts);

/// <summary>
/// A whole step for one number of examples, compiled: forward, loss and metrics and, in training, gradients and updates. Filling its
/// inputs and running it allocates nothing. One thread at a time may use it.
/// </summary>
internal sealed unsafe class StepProgram
{
    private readonly TrainingSetup _setup;
    private readonly ProgramContext _context;
    private readonly StepLayout _layout;
    private readonly GradientDiagnosis _diagnosis;
    private readonly int[] _classes;
    private readonly bool _countsRandomSteps;

    internal StepProgram(TrainingSetup setup, CompiledGraph compiled, StepLayout layout, GradientDiagnosis diagnosis)
    {
        (_setup, Compiled, _layout, _context, _diagnosis) = (setup, compiled, layout, compiled.CreateContext(), diagnosis);
        _countsRandomSteps = compiled.Graph.Updates.Any(u => u.Variable == setup.RandomState);
        _classes = layout.ClassWeights < 0 ? [] : new int[_context.Inputs[layout.ClassWeights].Shape.ElementCount];
    }

    internal CompiledGraph Compiled { get; }

    /// <summary>The loss of the last run.</summary>
    internal double Loss => _context.Outputs[0].AsSpan<float>()[0];

    /// <summary>Whether parts of a batch add up the gradients of penalties apart from those of the loss.</summary>
    internal bool SeparatesPenalties => _layout.SeparatesPenalties;

    /// <summary>Whether the gradients of the last run are finite, as far as their witnesses show; true where there are none.</summary>
    internal bool HasFiniteGradients => _layout.Gate < 0 || float.IsFinite(_context.Outputs[_layout.Gate].AsSpan<float>()[0]);

    /// <summary>Checks a batch and copies it in. Nothing is changed when it throws.</summary>
    /// <exception cref="LabelException">A target is out of range.</exception>
    /// <exception cref="InputException">An index is out of range.</exception>
    internal void Load(Batch batch, float[] classWeights)
    {
        foreach (IndexCheck check in _layout.IndexChecks)
            HostChecks.RequireIndices(batch, check);
        for (int i = 0; i < batch.InputArray.Length; i++)
            HostChecks.Copy(batch.InputArray[i], _context.Inputs[i]);
        for (int i = 0; i < _layout.Targets.Length; i++)
        {
            StepTarget target = _layout.Targets[i];
            _setup.Losses[i].Prepare(new TargetCopy(batch.TargetArray[i], _context.Inputs[target.Input], batch, target.Place), target.Classes);
        }

        if (_layout.ExampleWeights >= 0)
            HostChecks.Copy(batch.Weights!, _context.Inputs[_layout.ExampleWeights]);
        if (_layout.ClassWeights >= 0)
            FillClassWeights(classWeights);
    }

    /// <summary>Runs the step on what was loaded; in training this changes the model.</summary>
    /// <param name="restart">Whether this is the first part of a batch whose gradients are accumulated.</param>
    internal void Run(bool restart = true)
    {
        if (_layout.Restart >= 0)
            *(bool*)_context.Inputs[_layout.Restart].Pointer = restart;
        if (_layout.LossScale >= 0)
            *(float*)_context.Inputs[_layout.LossScale].Pointer = (float)_setup.LossScaler!.Scale;
        _context.Run();
    }

    /// <summary>Measures the kernels on what was loaded. The model, the optimizer's state and the random step stay as they were.</summary>
    internal Profile Measure(int runs) => Profiler.Measure(Compiled, _context, runs);

    /// <summary>Where the last run's loss lost its finiteness, as a sentence: the first such input or layer, computed again by the reference.</summary>
    internal string FindNonFinite()
    {
        Graphs.Graph all = Compiled.Graph;
        var forward = new Graphs.Graph("diagnosis", all.Trace, all.Inputs, [all.Outputs[0]], []);
        Dictionary<Tensor, double[]> values = Interpreter.Run(forward, [.. _context.Inputs.Select(ReferenceInstance.ToDoubles)]);
        if (FirstNonFiniteVariable() is { } name)
            return $"The value of {name} is not finite already.";
        foreach (Tensor input in all.Inputs)
        {
            if (values[input].Any(v => !double.IsFinite(v)))
                return $"It comes from {((Graphs.Input)input.Node.Op).Label} of the batch, which holds a value that is not finite.";
        }

        foreach (Graphs.Node node in forward.Nodes)
        {
            Tensor output = node.Outputs[0];
            if (output.DType == DType.Float32 && values.TryGetValue(output, out double[]? found) && found.Any(v => !(Math.Abs(v) <= float.MaxValue)))
                return node.Origin.LayerPath.Length == 0 ? "It arises in the loss itself." : $"It arises in the layer {node.Origin.LayerPath}.";
        }

        return "Its source was not found.";
    }

    private string? FirstNonFiniteVariable() => Compiled.Graph.Nodes
        .Select(n => (n.Op as Graphs.ReadVariable)?.Variable)
        .FirstOrDefault(v => v is Parameter && ReferenceInstance.ToDoubles(v.Storage).Any(x => !double.IsFinite(x)))?.Name;

    /// <summary>The first parameter whose gradient was not finite in the last run, which was taken back; null where it is not found.</summary>
    internal string? FindNonFiniteGradient() => _diagnosis.FirstNonFinite(_context.Inputs);

    /// <summary>Takes back the counts of a step that changed nothing else.</summary>
    internal void TakeBackStep()
    {
        if (_layout.Restart < 0)
            _setup.OptimizerState.TakeBackStep();
        if (_countsRandomSteps)
            _setup.RandomState.Storage.AsSpan<long>()[1]--;
    }

    /// <summary>Adds the values of the last run to totals.</summary>
    internal void AddTo(Totals totals)
    {
        for (int i = 0; i < _layout.Values.Length; i++)
        {
            StepValue value = _layout.Values[i];
            if (value.Value < 0)
                continue;
            double count = value.Count < 0 ? value.FixedCount : *(float*)_context.Outputs[value.Count].Pointer;
            double number = *(float*)_context.Outputs[value.Value].Pointer;
            totals.Add(i, value.IsMean ? number * count : number, count);
        }

        foreach (StepStream stream in _layout.Streams)
        {
            TensorData targets = stream.ChangedTarget < 0 ? _context.Inputs[stream.Target] : _context.Outputs[stream.ChangedTarget];
            totals.Stream(stream.Value).Accumulate(_context.Outputs[stream.Output], targets, stream.Counts < 0 ? null : _context.Outputs[stream.Counts]);
        }
        if (_layout.Penalty >= 0)
            totals.AddPenalty(*(float*)_context.Outputs[_layout.Penalty].Pointer, _layout.Examples);
    }

    private void FillClassWeights(float[] table)
    {
        TensorData weights = _context.Inputs[_layout.ClassWeights];
        _setup.Losses[0].Classes(_context.Inputs[_layout.Targets[0].Input], _classes);
        float* to = (float*)weights.Pointer;
        for (int i = 0; i < _classes.Length; i++)
            to[i] = (uint)_classes[i] < (uint)table.Length ? table[_classes[i]] : 1;
        GC.KeepAlive(weights);
    }
}

/// <summary>Where the parts of a batch go in a step's graph, and where its values come out.</summary>
internal sealed record StepLayout
{
    internal required StepTarget[] Targets { get; init; }

    internal required StepValue[] Values { get; init; }

    internal required StepStream[] Streams { get; init; }

    internal required IndexCheck[] IndexChecks { get; init; }

    /// <summary>The index of the input for the weights of examples, or -1.</summary>
    internal int ExampleWeights { get; init; } = -1;

    /// <summary>The index of the input for the weights of classes, or -1.</summary>
    internal int ClassWeights { get; init; } = -1;

    /// <summary>The index of the input that says whether this is the first part of a batch, or -1.</summary>
    internal int Restart { get; init; } = -1;

    /// <summary>The index of the input for the scale of the loss, or -1.</summary>
    internal int LossScale { get; init; } = -1;

    /// <summary>Whether parts of a batch add up the gradients of penalties apart from those of the loss.</summary>
    internal bool SeparatesPenalties { get; init; }

    /// <summary>The number of examples.</summary>
    internal required int Examples { get; init; }

    /// <summary>The index of the output for the sum of all penalties, or -1 where there are none.</summary>
    internal int Penalty { get; init; } = -1;

    /// <summary>The index of the output that is finite where loss and gradients are, or -1 where there are no gradients.</summary>
    internal int Gate { get; init; } = -1;
}

/// <summary>A target of a step.</summary>
/// <param name="Input">The index of the graph's input.</param>
/// <param name="Classes">The last extent of the output.</param>
/// <param name="Place">What to call it in messages.</param>
internal sealed record StepTarget(int Input, long Classes, string Place);
