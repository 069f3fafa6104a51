using Anneal.Graphs;

namespace Anneal;

/// <summary>The end of a training step: from gradients to new parameters.</summary>
internal static class StepUpdate
{
    /// <summary>The parameters that training changes.</summary>
    /// <exception cref="ModelException">There are none.</exception>
    internal static NamedVariable[] TrainedOf(Model model)
    {
        NamedVariable[] trained = [.. model.NamedVariables().Where(v => v.IsTrained)];
        return trained.Length > 0
            ? trained
            : throw new ModelException($"The model {model.Name} has no parameter to train. Hint: are all of its layers frozen?");
    }

    /// <summary>Records the optimizer's update and returns the index of the first input for what changes from step to step.</summary>
    internal static int Record(Trace trace, TrainingSetup setup, NamedVariable[] trained, Tensor[] gradients)
    {
        int first = trace.Inputs.Count;
        Optimizer optimizer = setup.Optimizer;
        Tensor[] hyperparameters =
            [.. Enumerable.Range(0, optimizer.HyperparameterCount).Select(i => trace.AddInput(OptimizerState.HyperparameterType, $"hyperparameter {i}"))];
        foreach (NamedVariable variable in trained)
            setup.OptimizerState.Slots((Parameter)variable.Variable, variable.Name);
        optimizer.Apply(setup.OptimizerState, [.. trained.Select(v => (Parameter)v.Variable)], gradients, hyperparameters);
        return first;
    }

    /// <summary>Whether all of some tensors are finite, as a truth value without axes.</summary>
    internal static Tensor AreFinite(IEnumerable<Tensor> tensors)
    {
        // An infinity less itself is not a number, and neither equals itself.
        Tensor difference = tensors.Select(t => (t - t).Sum()).Aggregate((a, b) => a + b);
        return difference.EqualTo(difference);
    }

    /// <summary>Makes every update keep the old value where a condition fails, so that such a step changes nothing.</summary>
    internal static void KeepUnless(Trace trace, Tensor condition)
    {
        foreach ((Variable variable, Tensor value) in trace.Updates)
        {
            if (trace.FirstRead(variable) is { } old)
                variable.Assign(Tensor.Select(condition.BroadcastTo(old.Shape), value, old));
        }
    }
}
