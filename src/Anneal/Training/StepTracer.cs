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
    private readonly List<Tensor> _outputs = [];

    private StepTracer(Model model, TrainingSetup setup, Dataset data, int count) =>
        (_model, _setup, _data, _count) = (model, setup, data, count);

    /// <summary>Compiles a step.</summary>
    /// <param name="model">The model, built.</param>
    /// <param name="setup">What it was compiled with.</param>
    /// <param name="data">Whose batches the step takes.</param>
    /// <param name="count">The number of examples.</param>
    /// <param name="isTraining">Whether to update parameters.</param>
    /// <param name="hasClassWeights">Whether each position has a weight by its class.</param>
    /// <exception cref="AnnealException">Shapes or data types do not fit; the layer or the target is named.</exception>
    internal static StepProgram Compile(Model model, TrainingSetup setup, Dataset data, int count, bool isTraining, bool hasClassWeights) =>
        new StepTracer(model, setup, data, count).Compile(isTraining, hasClassWeights);

    private StepProgram Compile(bool isTraining, bool hasClassWeights)
    {
        StepLayout? layout = null;
        string name = (isTraining ? "training step of " : "evaluation step of ") + _model.Name;
        Graph graph = Graph.Of(
            name, [],
            _ =>
            {
                layout = Record(Trace.Current!, hasClassWeights, out Tensor loss);
                if (isTraining)
                    layout = layout with { Gate = Update(Trace.Current!, loss) };
                return _outputs;
            },
            isTraining, isTraining ? _setup.RandomState : null);
        var diagnosis = new GradientDiagnosis(_setup, () => new StepTracer(_model, _setup, _data, _count).TraceGradients(hasClassWeights));
        return new StepProgram(_setup, CompiledGraph.Compile(graph), layout!, diagnosis);
    }

    /// <summary>A training step that gives the gradients in the place of updates, and the names of the parameters.</summary>
    private (Graph Graph, string[] Parameters) TraceGradients(bool hasClassWeights)
    {
        NamedVariable[] trained = Trained();
        Graph graph = Graph.Of(
            "gradients of " + _model.Name, [],
            _ =>
            {
                Record(Trace.Current!, hasClassWeights, out Tensor loss);
                return Gradients.Of(loss, trained.Select(v => (Parameter)v.Variable));
            },
            training: true, _setup.RandomState);
        return (graph, [.. trained.Select(v => v.Name)]);
    }

    private StepLayout Record(Trace trace, bool hasClassWeights, out Tensor loss)
    {
        Tensor[] inputs = [.. _data.Inputs.Select((t, i) => trace.AddInput(LayerCall.Batched(t, _count), $"input {i}"))];
        IndexCheck[] checks = Forward(inputs, out Tensor[] predictions);
        var targets = new StepTarget[predictions.Length];
        Tensor[] targetTensors = AddTargets(trace, predictions, targets);
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

        Tensor? penalty = _model.Losses is { Count: > 0 } losses ? losses.Aggregate((a, b) => a + b) : null;
        loss = penalty is null ? total! : total! + penalty;
        StepValue[] collected = CollectValues(loss, means, predictions, targetTensors);
        return new StepLayout
        {
            Targets = targets,
            Values = collected,
            IndexChecks = checks,
            ExampleWeights = exampleInput,
            ClassWeights = classInput,
            Examples = _count,
            Penalty = penalty is null ? -1 : AddOutput(penalty),
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

    private Tensor[] AddTargets(Trace trace, Tensor[] predictions, StepTarget[] targets)
    {
        var tensors = new Tensor[predictions.Length];
        for (int i = 0; i < tensors.Length; i++)
        {
            string place = FormattableString.Invariant($"target {i} of the model {_model.Name}");
            TensorType type = _setup.Losses[i].TargetType(predictions[i].Type, LayerCall.Batched(_data.Targets[i], _count), place);
            tensors[i] = trace.AddInput(type, $"target {i}");
            targets[i] = new StepTarget(trace.Inputs.Count - 1, predictions[i].Shape[^1], place);
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

    private NamedVariable[] Trained()
    {
        NamedVariable[] trained = [.. _model.NamedVariables().Where(v => v.IsTrained)];
        return trained.Length > 0
            ? trained
            : throw new ModelException($"The model {_model.Name} has no parameter to train. Hint: are all of its layers frozen?");
    }

    /// <summary>Records gradients and updates, and returns the index of the output that is finite where the step counts.</summary>
    private int Update(Trace trace, Tensor loss)
    {
        NamedVariable[] trained = Trained();
        Parameter[] parameters = [.. trained.Select(v => (Parameter)v.Variable)];
        Tensor[] gradients = Gradients.Of(loss, parameters);
        _setup.Optimizer.RequireGroupsMatch([.. _model.NamedVariables().Where(v => v.Variable is Parameter).Select(v => v.Name)]);
        foreach (NamedVariable variable in trained)
            _setup.OptimizerState.Slots((Parameter)variable.Variable, variable.Name);
        _setup.Optimizer.Apply(_setup.OptimizerState, parameters, gradients);

        // An infinity less itself is not a number, and so is all that it is added to.
        Tensor gate = loss - loss;
        foreach (Tensor witness in GradientWitnesses.Of(loss, gradients))
            gate += (witness - witness).Sum().Cast(DType.Float32);
        KeepWhereNotFinite(trace, gate);
        return AddOutput(gate);
    }

    /// <summary>Makes every update keep the old value where the gate is not a number, so that such a step changes nothing.</summary>
    private static void KeepWhereNotFinite(Trace trace, Tensor gate)
    {
        Tensor isFinite = gate.EqualTo(gate);
        foreach ((Variable variable, Tensor value) in trace.Updates)
        {
            if (trace.FirstRead(variable) is { } old)
                variable.Assign(Tensor.Select(isFinite.BroadcastTo(old.Shape), value, old));
        }
    }
}
