using Anneal.Execution;
using Anneal.Reference;

namespace Anneal;

/// <summary>What a compiled step is made for. Steps of equal keys share a program.</summary>
/// <param name="IsTraining">Whether the step updates parameters.</param>
/// <param name="Count">The number of examples.</param>
/// <param name="Types">The types of inputs and targets, the presence of weights, and which parameters are trained, as text.</param>
/// <param name="Augmentation">What changes inputs and targets, or null.</param>
internal sealed record StepKey(bool IsTraining, int Count, string Types, PairAugmentation? Augmentation);

/// <summary>Where a value of a step is found among the outputs of its graph.</summary>
/// <param name="Value">The index of the output that holds the value.</param>
/// <param name="IsMean">Whether it is a mean rather than a sum.</param>
/// <param name="Count">The index of the output that holds the count, or -1 where it is <paramref name="FixedCount"/>.</param>
/// <param name="FixedCount">The count where it is always the same.</param>
internal readonly record struct StepValue(int Value, bool IsMean, int Count, double FixedCount);

/// <summary>
/// A whole step for one number of examples, compiled: forward, loss and metrics and, in training, gradients and updates. Filling its
/// inputs and running it allocates nothing. One thread at a time may use it.
/// </summary>
internal sealed unsafe class StepProgram
{
    private readonly TrainingSetup _setup;
    private readonly ProgramContext _context;
    private readonly StepLayout _layout;
    private readonly int[] _classes;

    internal StepProgram(TrainingSetup setup, CompiledGraph compiled, StepLayout layout)
    {
        (_setup, Compiled, _layout, _context) = (setup, compiled, layout, compiled.CreateContext());
        _classes = layout.ClassWeights < 0 ? [] : new int[_context.Inputs[layout.ClassWeights].Shape.ElementCount];
    }

    internal CompiledGraph Compiled { get; }

    /// <summary>The loss of the last run.</summary>
    internal double Loss => _context.Outputs[0].AsSpan<float>()[0];

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
    internal void Run()
    {
        if (_layout.Hyperparameters >= 0)
        {
            IReadOnlyList<TensorData> values = _setup.OptimizerState.NextStep();
            for (int i = 0; i < values.Count; i++)
                HostChecks.Copy(values[i], _context.Inputs[_layout.Hyperparameters + i]);
        }

        _context.Run();
    }

    /// <summary>Where the last run's loss lost its finiteness, as a sentence: the first such input or layer, computed again by the reference.</summary>
    internal string FindNonFinite()
    {
        Graphs.Graph all = Compiled.Graph;
        var forward = new Graphs.Graph("diagnosis", all.Trace, all.Inputs, [all.Outputs[0]], []);
        Dictionary<Tensor, double[]> values = ReferenceDevice.Interpret(forward, [.. _context.Inputs.Select(ReferenceInstance.ToDoubles)]);
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

    /// <summary>Takes back the count of a step that changed nothing.</summary>
    internal void TakeBackStep() => _setup.OptimizerState.TakeBackStep();

    /// <summary>Adds the values of the last run to totals.</summary>
    internal void AddTo(Totals totals)
    {
        for (int i = 0; i < _layout.Values.Length; i++)
        {
            StepValue value = _layout.Values[i];
            double count = value.Count < 0 ? value.FixedCount : *(float*)_context.Outputs[value.Count].Pointer;
            double number = *(float*)_context.Outputs[value.Value].Pointer;
            totals.Add(i, value.IsMean ? number * count : number, count);
        }
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

    internal required IndexCheck[] IndexChecks { get; init; }

    /// <summary>The index of the input for the weights of examples, or -1.</summary>
    internal int ExampleWeights { get; init; } = -1;

    /// <summary>The index of the input for the weights of classes, or -1.</summary>
    internal int ClassWeights { get; init; } = -1;

    /// <summary>The index of the first input for what changes from step to step, or -1.</summary>
    internal int Hyperparameters { get; init; } = -1;
}

/// <summary>A target of a step.</summary>
/// <param name="Input">The index of the graph's input.</param>
/// <param name="Classes">The last extent of the output.</param>
/// <param name="Place">What to call it in messages.</param>
internal sealed record StepTarget(int Input, long Classes, string Place);
