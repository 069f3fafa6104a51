using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal;

/// <summary>Records a whole step as one graph and compiles it.</summary>
internal sealed class StepTracer
{
    private readonly Model _model;
    private readonly TrainingSetup _setup;
    private readonly Dataset _data;
    private readonly int _count;
    private readonly PairAugmentation? _augmentation;
    private readonly List<Tensor> _outputs = [];

    private StepTracer(Model model, TrainingSetup setup, Dataset data, int count, PairAugmentation? augmentation) =>
        (_model, _setup, _data, _count, _augmentation) = (model, setup, data, count, augmentation);

    /// <summary>Compiles a step.</summary>
    /// <param name="model">The model, built.</param>
    /// <param name="setup">What it was compiled with.</param>
    /// <param name="data">Whose batches the step takes.</param>
    /// <param name="count">The number of examples.</param>
    /// <param name="isTraining">Whether to update parameters.</param>
    /// <param name="hasClassWeights">Whether each position has a weight by its class.</param>
    /// <param name="augmentation">What changes inputs and targets first, or null.</param>
    /// <exception cref="AnnealException">Shapes or data types do not fit; the layer or the target is named.</exception>
    internal static StepProgram Compile(
        Model model, TrainingSetup setup, Dataset data, int count, bool isTraining, bool hasClassWeights, PairAugmentation? augmentation) =>
        new StepTracer(model, setup, data, count, augmentation).Compile(isTraining, hasClassWeights);

    private StepProgram Compile(bool isTraining, bool hasClassWeights)
    {
        StepLayout? layout = null;
        string name = (isTraining ? "training step of " : "evaluation step of ") + _model.Name;
        Graph graph = Graph.Of(
            name, [],
            _ =>
            {
                layout = Record(Trace.Current!, isTraining, hasClassWeights);
                return _outputs;
            },
            isTraining, isTraining ? _setup.RandomState : null);
        return new StepProgram(_setup, CompiledGraph.Compile(graph), layout!);
    }

    private StepLayout Record(Trace trace, bool isTraining, bool hasClassWeights)
    {
        Tensor[] inputs = [.. _data.Inputs.Select((t, i) => trace.AddInput(LayerCall.Batched(t, _count), $"input {i}"))];
        IndexCheck[] checks = ForwardWithTargets(trace, inputs, out Tensor[] predictions, out Tensor[] targetTensors, out StepTarget[] targets);
        Tensor? exampleWeights = _data.HasWeights ? trace.AddInput(new TensorType(DType.Float32, _count), "example weights") : null;
        int exampleInput = exampleWeights is null ? -1 : trace.Inputs.Count - 1;
        int classInput = -1;
        Tensor? total = null;
        var means = new (Tensor Mean, Tensor? Count, double FixedCount)[predictions.Length];
        for (int i = 0; i < predictions.Length; i++)
        {
            Tensor values = _setup.Losses[i].Values(predictions[i], targetTensors[i]);
            Tensor? norm = _setup.Losses[i].Counts(targetTensors[i]);
            if (hasClassWeights)
            {
                Tensor weights = trace.AddInput(new TensorType(DType.Float32, values.Shape), "class weights");
                classInput = trace.Inputs.Count - 1;
                norm = norm is null ? weights : norm * weights;
            }

            means[i] = Mean(values, norm, exampleWeights);
            Tensor weighted = _setup.LossWeights[i] == 1 ? means[i].Mean : means[i].Mean * _setup.LossWeights[i];
            total = total is null ? weighted : total + weighted;
        }

        StepValue[] collected = CollectValues(total!, means, predictions, targetTensors);
        return new StepLayout
        {
            Targets = targets,
            Values = collected,
            IndexChecks = checks,
            ExampleWeights = exampleInput,
            ClassWeights = classInput,
            Hyperparameters = isTraining ? Update(trace, total!) : -1,
        };
    }

    private IndexCheck[] Forward(Tensor[] inputs, out Tensor[] predictions)
    {
        using var scope = new BuildScope();
        predictions = _model.ApplyAll(inputs);
        scope.Complete();
        if (predictions.Length != _setup.Losses.Length)
            throw new ModelException($"The model {_model.Name} has {predictions.Length} outputs, but was compiled with {_setup.Losses.Length} losses.");
        foreach (Tensor prediction in predictions)
        {
            LayerCall.Single(prediction.Type, _count, _model);
            if (prediction.DType != DType.Float32)
                throw new DTypeException($"The model {_model.Name} needs float32 outputs for its loss, but found {prediction.Type}.");
        }

        return [.. scope.IndexChecks];
    }

    /// <summary>Records the model and the inputs for its targets; an augmentation changes both before the model sees its input.</summary>
    private IndexCheck[] ForwardWithTargets(
        Trace trace, Tensor[] inputs, out Tensor[] predictions, out Tensor[] targetTensors, out StepTarget[] targets)
    {
        IndexCheck[] checks;
        if (_augmentation is null)
        {
            checks = Forward(inputs, out predictions);
            targetTensors = AddTargets(trace, [.. predictions.Select(p => p.Type)], out targets);
            return checks;
        }

        // The model is built, so what its targets must be is known before it is recorded.
        TensorType[] outputs = _model.RequireOutputTypes();
        if (inputs.Length != 1 || outputs.Length != 1 || _setup.Losses.Length != 1)
            throw new OptionException($"{nameof(FitOptions)}: {nameof(FitOptions.Augmentation)} needs a model with one input and one output; {_model.Name} has {inputs.Length} and {outputs.Length}.");
        targetTensors = AddTargets(trace, [LayerCall.Batched(outputs[0], _count)], out targets);
        (Tensor changed, targetTensors[0]) = _augmentation.Apply(inputs[0], targetTensors[0]);
        if (_augmentation.NamedVariables().Count > 0)
            throw new ModelException($"The augmentation {_augmentation.Name} has variables, which would be neither trained nor saved. Hint: make them a part of the model.");
        return Forward([changed], out predictions);
    }

    private Tensor[] AddTargets(Trace trace, TensorType[] outputs, out StepTarget[] targets)
    {
        var tensors = new Tensor[outputs.Length];
        targets = new StepTarget[outputs.Length];
        for (int i = 0; i < tensors.Length; i++)
        {
            string place = FormattableString.Invariant($"target {i} of the model {_model.Name}");
            TensorType type = _setup.Losses[i].TargetType(outputs[i], LayerCall.Batched(_data.Targets[i], _count), place);
            tensors[i] = trace.AddInput(type, $"target {i}");
            targets[i] = new StepTarget(trace.Inputs.Count - 1, outputs[i].Shape[^1], place);
        }

        return tensors;
    }

    /// <summary>The weighted mean of the positions, and what it was divided by.</summary>
    private static (Tensor Mean, Tensor? Count, double FixedCount) Mean(Tensor values, Tensor? norm, Tensor? exampleWeights)
    {
        if (exampleWeights is not null)
        {
            var spread = new long[values.Shape.Rank];
            Array.Fill(spread, 1);
            spread[0] = values.Shape[0];
            values *= exampleWeights.Reshape(new Shape(spread)).BroadcastTo(values.Shape);
        }

        if (norm is null)
            return (values.Mean(), null, values.Shape.ElementCount);

        // Where nothing counts the loss is 0, not 0 / 0.
        Tensor count = norm.Sum();
        Tensor divisor = Tensor.Select(count.EqualTo(0), count.FillLike(1), count);
        return ((values * norm).Sum() / divisor, count, 0);
    }

    private StepValue[] CollectValues(Tensor total, (Tensor Mean, Tensor? Count, double FixedCount)[] means, Tensor[] predictions, Tensor[] targets)
    {
        _outputs.Add(total);
        var values = new List<StepValue>();
        bool several = means.Length > 1;

        // The total of several outputs is worked out from their means.
        values.Add(several ? new StepValue(0, true, -1, 0) : LossValue(means[0], total));
        if (several)
            values.AddRange(means.Select(m => LossValue(m, total)));
        for (int i = 0; i < predictions.Length; i++)
        {
            foreach (Metric metric in _setup.Metrics[i])
            {
                MetricSum sum = metric.Measure(predictions[i], targets[i], _setup.Losses[i]);
                values.Add(new StepValue(AddOutput(sum.Sum), false, sum.Count is null ? -1 : AddOutput(sum.Count), sum.Positions));
            }
        }

        return [.. values];
    }

    private StepValue LossValue((Tensor Mean, Tensor? Count, double FixedCount) mean, Tensor total) => new(
        mean.Mean == total ? 0 : AddOutput(mean.Mean), true, mean.Count is null ? -1 : AddOutput(mean.Count), mean.FixedCount);

    private int AddOutput(Tensor tensor)
    {
        int known = _outputs.IndexOf(tensor);
        if (known >= 0)
            return known;
        _outputs.Add(tensor);
        return _outputs.Count - 1;
    }

    /// <summary>Records gradients and updates, and returns the index of the first input for what changes from step to step.</summary>
    private int Update(Trace trace, Tensor loss)
    {
        NamedVariable[] trained = [.. _model.NamedVariables().Where(v => v.IsTrained)];
        if (trained.Length == 0)
            throw new ModelException($"The model {_model.Name} has no parameter to train. Hint: are all of its layers frozen?");
        Parameter[] parameters = [.. trained.Select(v => (Parameter)v.Variable)];
        Tensor[] gradients = Gradients.Of(loss, parameters);
        int first = trace.Inputs.Count;
        Optimizer optimizer = _setup.Optimizer;
        Tensor[] hyperparameters =
            [.. Enumerable.Range(0, optimizer.HyperparameterCount).Select(i => trace.AddInput(OptimizerState.HyperparameterType, $"hyperparameter {i}"))];
        foreach (NamedVariable variable in trained)
            _setup.OptimizerState.Slots((Parameter)variable.Variable, variable.Name);
        optimizer.Apply(_setup.OptimizerState, parameters, gradients, hyperparameters);
        KeepWhereNotFinite(trace, loss);
        return first;
    }

    /// <summary>Makes every update keep the old value where the loss is not finite, so that such a step changes nothing.</summary>
    private static void KeepWhereNotFinite(Trace trace, Tensor loss)
    {
        // An infinity less itself is not a number, and neither equals itself.
        Tensor difference = loss - loss;
        Tensor isFinite = difference.EqualTo(difference);
        foreach ((Variable variable, Tensor value) in trace.Updates)
        {
            if (trace.FirstRead(variable) is { } old)
                variable.Assign(Tensor.Select(isFinite.BroadcastTo(old.Shape), value, old));
        }
    }
}
