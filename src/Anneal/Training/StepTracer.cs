using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Passes;

namespace Anneal;

/// <summary>Records a whole step as one graph and compiles it.</summary>
internal sealed class StepTracer
{
    private readonly Model _model;
    private readonly TrainingSetup _setup;
    private readonly Dataset _data;
    private readonly int _count;
    private readonly StepOptions _options;
    private readonly List<Tensor> _outputs = [];
    private (Tensor Mean, Tensor? Count, double FixedCount)[] _means = [];
    private int _penalty = -1, _mean;
    private long _lastForward;

    private StepTracer(Model model, TrainingSetup setup, Dataset data, int count, StepOptions options) =>
        (_model, _setup, _data, _count, _options) = (model, setup, data, count, options);

    /// <summary>Compiles a step.</summary>
    /// <param name="model">The model, built.</param>
    /// <param name="setup">What it was compiled with.</param>
    /// <param name="data">Whose batches the step takes.</param>
    /// <param name="count">The number of examples.</param>
    /// <param name="isTraining">Whether to update parameters.</param>
    /// <param name="hasClassWeights">Whether each position has a weight by its class.</param>
    /// <param name="options">How the graph is rewritten.</param>
    /// <exception cref="AnnealException">Shapes or data types do not fit; the layer or the target is named.</exception>
    internal static StepProgram Compile(
        Model model, TrainingSetup setup, Dataset data, int count, bool isTraining, bool hasClassWeights, StepOptions options) =>
        new StepTracer(model, setup, data, count, options).Compile(isTraining, hasClassWeights);

    private StepProgram Compile(bool isTraining, bool hasClassWeights)
    {
        StepLayout? layout = null;
        string name = (isTraining ? "training step of " : "evaluation step of ") + _model.Name;
        Graph graph = Graph.Of(
            name, [],
            _ =>
            {
                layout = Record(Trace.Current!, hasClassWeights);
                if (isTraining)
                    layout = Train(Trace.Current!, layout);
                return _outputs;
            },
            isTraining, isTraining ? _setup.RandomState : null);
        if (isTraining && _options.CheckpointEvery > 0)
            graph = Checkpoint.Run(graph, _lastForward, _options.CheckpointEvery);
        var diagnosis = new GradientDiagnosis(() => new StepTracer(_model, _setup, _data, _count, _options).TraceGradients(hasClassWeights));
        return new StepProgram(_setup, CompiledGraph.Compile(graph), layout!, diagnosis);
    }

    /// <summary>A training step that gives the gradients in the place of updates, and the names of the parameters.</summary>
    private (Graph Graph, string[] Parameters) TraceGradients(bool hasClassWeights)
    {
        NamedVariable[] trained = StepUpdate.TrainedOf(_model);
        Graph graph = Graph.Of(
            "gradients of " + _model.Name, [],
            _ =>
            {
                StepLayout layout = Record(Trace.Current!, hasClassWeights);
                Tensor[][] gradients = TakeGradients(Trace.Current!, trained, ref layout, out _);
                return gradients.Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);
            },
            training: true, _setup.RandomState);
        return (graph, [.. trained.Select(v => v.Name)]);
    }

    private StepLayout Record(Trace trace, bool hasClassWeights)
    {
        Tensor[] inputs = [.. _data.Inputs.Select((t, i) => trace.AddInput(LayerCall.Batched(t, _count), $"input {i}"))];
        IndexCheck[] checks = ForwardWithTargets(trace, inputs, out Tensor[] predictions, out Tensor[] targetTensors, out StepTarget[] targets);
        Tensor? exampleWeights = _data.HasWeights ? trace.AddInput(new TensorType(DType.Float32, _count), "example weights") : null;
        int exampleInput = exampleWeights is null ? -1 : trace.Inputs.Count - 1;
        int classInput = -1;
        Tensor? total = null;
        (Tensor Mean, Tensor? Count, double FixedCount)[] means = _means = new (Tensor, Tensor?, double)[predictions.Length];
        var counts = new Tensor?[predictions.Length];
        for (int i = 0; i < predictions.Length; i++)
        {
            Tensor values = Loss.Masked(predictions[i], _setup.Losses[i].Values(predictions[i], targetTensors[i]));
            Tensor? norm = counts[i] = _setup.Losses[i].PositionCounts(predictions[i], targetTensors[i], values.Shape);
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

        Tensor? penalty = _model.Losses is { Count: > 0 } losses ? losses.Aggregate((a, b) => a + b) : null;
        Tensor loss = penalty is null ? total! : total! + penalty;
        StepValue[] collected = CollectValues(loss, means, predictions, targetTensors, counts, targets, out StepStream[] streams);
        _penalty = penalty is null ? -1 : AddOutput(penalty);
        _mean = AddOutput(total!);
        if (trace.Training && _options.Precision != ComputePrecision.Float32)
            LowerPrecision(trace, predictions);
        return new StepLayout
        {
            Targets = targets,
            Values = collected,
            Streams = streams,
            IndexChecks = checks,
            ExampleWeights = exampleInput,
            ClassWeights = classInput,
            Examples = _count,
            Penalty = _penalty,
        };
    }

    /// <summary>Computes the results and what the forward pass assigned in mixed precision.</summary>
    private void LowerPrecision(Trace trace, Tensor[] predictions)
    {
        (Variable Variable, Tensor Value)[] updates = [.. trace.Updates];
        DType low = _options.Precision == ComputePrecision.BFloat16 ? DType.BFloat16 : DType.Float16;
        Tensor[] lowered = MixedPrecision.Lower(low, [.. _outputs, .. updates.Select(u => u.Value)], predictions);
        for (int i = 0; i < _outputs.Count; i++)
            _outputs[i] = lowered[i];
        for (int i = 0; i < updates.Length; i++)
            updates[i].Variable.Assign(lowered[_outputs.Count + i]);
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
        if (_options.Augmentation is null)
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
        (Tensor changed, targetTensors[0]) = _options.Augmentation.Apply(inputs[0], targetTensors[0]);
        if (_options.Augmentation.NamedVariables().Count > 0)
            throw new ModelException($"The augmentation {_options.Augmentation.Name} has variables, which would be neither trained nor saved. Hint: make them a part of the model.");
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

        return (Loss.MeanOf(values, norm), norm.Sum(), 0);
    }

    private StepValue[] CollectValues(
        Tensor total, (Tensor Mean, Tensor? Count, double FixedCount)[] means, Tensor[] predictions, Tensor[] targets, Tensor?[] counts,
        StepTarget[] stepTargets, out StepStream[] streams)
    {
        var found = new List<StepStream>();
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
                if (metric is SumMetric summed)
                {
                    MetricSum sum = summed.Measure(predictions[i], targets[i], _setup.Losses[i], counts[i]);
                    values.Add(new StepValue(AddOutput(sum.Sum), false, sum.Count is null ? -1 : AddOutput(sum.Count), sum.Positions));
                    continue;
                }

                ((StreamingMetric)metric).CreateFor(_setup.Losses[i]).RequireTypes(predictions[i].Shape, targets[i].Shape, counts[i]?.Shape.ElementCount ?? 0);
                int index = counts[i] is { } count ? AddOutput(count) : -1;
                int changed = _options.Augmentation is null ? -1 : AddOutput(targets[i]);
                found.Add(new StepStream(values.Count, AddOutput(predictions[i]), stepTargets[i].Input, changed, index));
                values.Add(StepValue.Streamed);
            }
        }

        streams = [.. found];
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

    /// <summary>Records gradients and what is done with them.</summary>
    private StepLayout Train(Trace trace, StepLayout layout)
    {
        NamedVariable[] trained = StepUpdate.TrainedOf(_model);
        Tensor[][] gradients = TakeGradients(trace, trained, ref layout, out Tensor[] objectives);
        if (_options.Accumulates)
        {
            layout = layout with { Restart = trace.Inputs.Count };
            Accumulate(trace.AddInput(new TensorType(DType.Bool, Shape.Scalar), "restart"), trained, gradients);
        }
        else
        {
            StepUpdate.Record(_model, _setup, trained, gradients[0]);
        }

        // An infinity less itself is not a number, and so is all that it is added to.
        Tensor gate = _outputs[0] - _outputs[0];
        foreach (Tensor witness in objectives.Zip(gradients, GradientWitnesses.Of).SelectMany(w => w))
            gate += (witness - witness).Sum().Cast(DType.Float32);
        StepUpdate.KeepWhereNotFinite(trace, gate);
        return layout with { Gate = AddOutput(gate) };
    }

    /// <summary>The gradients of each objective, of the loss's own size where it was scaled.</summary>
    private Tensor[][] TakeGradients(Trace trace, NamedVariable[] trained, ref StepLayout layout, out Tensor[] objectives)
    {
        objectives = Objectives();
        layout = layout with { SeparatesPenalties = objectives.Length > 1 };
        Tensor? scale = null;
        if (_options.ScalesLoss)
        {
            layout = layout with { LossScale = trace.Inputs.Count };
            scale = trace.AddInput(new TensorType(DType.Float32, Shape.Scalar), "loss scale");
            objectives = Array.ConvertAll(objectives, o => o * scale);
        }

        _lastForward = Node.LastId;
        Tensor[][] gradients = GradientsOf(trace, objectives, [.. trained.Select(v => (Parameter)v.Variable)]);
        return scale is null ? gradients : Array.ConvertAll(gradients, each => Array.ConvertAll(each, g => g / scale));
    }

    /// <summary>
    /// What is differentiated: the loss; of a part of a batch its sum over what counts, and apart from it the penalties, summed over examples, where
    /// not all examples count alike.
    /// </summary>
    private Tensor[] Objectives()
    {
        if (!_options.Accumulates)
            return [_outputs[0]];
        bool separates = _penalty >= 0 && _means.Any(m => m.Count is not null);
        return separates ? [_outputs[_mean] * PartCount(), _outputs[_penalty] * _count] : [_outputs[0] * PartCount()];
    }

    /// <summary>The gradients of each objective; one that does not depend on a parameter has zeros, as long as another one does.</summary>
    private static Tensor[][] GradientsOf(Trace trace, Tensor[] objectives, Parameter[] parameters)
    {
        if (objectives.Length == 1)
            return [Gradients.Of(objectives[0], parameters)];
        Tensor?[][] found = Array.ConvertAll(objectives, o => Gradients.OrNull(trace, o, parameters));
        Parameter[] lost = [.. parameters.Where((_, i) => found.All(each => each[i] is null))];
        if (lost.Length > 0)
            Gradients.Of(objectives[0], lost);
        return Array.ConvertAll(found, each => each.Select((g, i) => g ?? Tensor.Zeros(parameters[i].Shape)).ToArray());
    }

    private void Accumulate(Tensor restart, NamedVariable[] trained, Tensor[][] gradients)
    {
        _setup.Accumulation.Add(restart, trained, gradients[0], PartCount());
        if (gradients.Length > 1)
            _setup.Accumulation.AddPenalties(restart, trained, gradients[1], Tensor.Full(Shape.Scalar, _count));
    }

    /// <summary>What counts in a part of a batch: by which its mean loss enters the mean of the batch.</summary>
    private Tensor PartCount()
    {
        if (_means.All(m => m.Count is null))
            return Tensor.Full(Shape.Scalar, _count);
        return _means.Length == 1
            ? _means[0].Count!
            : throw new OptionException(
                $"{nameof(FitOptions)}: {nameof(FitOptions.AccumulationSteps)} of a model with several outputs needs losses in which every position counts, "
                + "without ignored labels, masks or class weights.");
    }
}
