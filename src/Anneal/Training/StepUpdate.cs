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

    /// <summary>Records the optimizer's update.</summary>
    internal static void Record(Model model, TrainingSetup setup, NamedVariable[] trained, Tensor[] gradients)
    {
        setup.Optimizer.RequireGroupsMatch([.. model.NamedVariables().Where(v => v.Variable is Parameter).Select(v => v.Name)]);
        foreach (NamedVariable variable in trained)
            setup.OptimizerState.Slots((Parameter)variable.Variable, variable.Name);
        setup.Optimizer.Apply(setup.OptimizerState, [.. trained.Select(v => (Parameter)v.Variable)], gradients);
    }

    /// <summary>Makes every update keep the old value where the gate is not a number, so that such a step changes nothing.</summary>
    internal static void KeepWhereNotFinite(Trace trace, Tensor gate)
    {
        Tensor isFinite = gate.EqualTo(gate);
        foreach ((Variable variable, Tensor value) in trace.Updates)
        {
            Tensor old = trace.FirstRead(variable) ?? Node.Apply(new ReadVariable(variable));
            variable.Assign(Tensor.Select(isFinite.BroadcastTo(old.Shape), value, old));
        }
    }
}
