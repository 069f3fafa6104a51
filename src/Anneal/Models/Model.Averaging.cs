namespace Anneal;

/// <content>Running means of parameters.</content>
public partial class Model
{
    /// <summary>
    /// Puts the running means that <see cref="Anneal.Optimizer.AverageMomentum"/> keeps in the place of the parameters, until the result is disposed of:
    /// <c>Evaluate</c>, <c>Predict</c> and <c>Save</c> then work with them. The model cannot be trained meanwhile; a training that is loaded from such
    /// a save goes on from the means.
    /// </summary>
    /// <returns>What puts the parameters back when it is disposed of.</returns>
    /// <exception cref="ModelException">The model is not compiled, its optimizer keeps no means, no step has been made, or means are in use already.</exception>
    public AveragedWeights UseAveragedWeights()
    {
        TrainingSetup setup = RequireAverages();
        NamedVariable[] parameters = AveragedParameters();
        var scope = new AveragedWeights(setup, parameters.Select(p => (p.Variable, p.Variable.Value)));
        TakeAverages(setup, parameters);
        return scope;
    }

    /// <summary>
    /// Gives the parameters the values of their running means for good, as Keras does at the end of training. A training that goes on begins
    /// there; the means stay as they are.
    /// </summary>
    /// <exception cref="ModelException">The model is not compiled, its optimizer keeps no means, no step has been made, or means are in use already.</exception>
    public void OverwriteWithAveragedWeights() => TakeAverages(RequireAverages(), AveragedParameters());

    private NamedVariable[] AveragedParameters() => [.. NamedVariables().Where(v => v.Variable is Parameter)];

    private TrainingSetup RequireAverages()
    {
        TrainingSetup setup = RequireSetup();
        if (setup.Optimizer.AverageMomentum is null)
            throw new ModelException($"The optimizer of the model {Name} keeps no running means. Hint: set {nameof(Anneal.Optimizer.AverageMomentum)}, such as 0.999.");
        if (setup.OptimizerState.Step == 0)
            throw new ModelException($"The model {Name} has not been trained since it was compiled, so its parameters have no running means yet.");
        RequireNoAverages(setup);
        return setup;
    }

    private void RequireNoAverages(TrainingSetup setup)
    {
        if (setup.HasAveragedWeights)
            throw new ModelException($"The model {Name} has averaged weights in place. Hint: dispose of what {nameof(UseAveragedWeights)} gave first.");
    }

    private static void TakeAverages(TrainingSetup setup, NamedVariable[] parameters)
    {
        foreach (NamedVariable parameter in parameters)
            parameter.Variable.Value = setup.OptimizerState.Slots((Parameter)parameter.Variable, parameter.Name)[^1].Value;
    }
}
