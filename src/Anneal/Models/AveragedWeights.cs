namespace Anneal;

/// <summary>While it lives, a model has the running means of its parameters in their place; disposing of it puts the parameters back.</summary>
public sealed class AveragedWeights : IDisposable
{
    private readonly TrainingSetup _setup;
    private (Variable Variable, TensorData Value)[] _trained;

    internal AveragedWeights(TrainingSetup setup, IEnumerable<(Variable Variable, TensorData Value)> trained)
    {
        _setup = setup;
        _trained = [.. trained];
        setup.HasAveragedWeights = true;
    }

    /// <summary>Puts the parameters back as they were.</summary>
    public void Dispose()
    {
        foreach ((Variable variable, TensorData value) in _trained)
            variable.Value = value;
        if (_trained.Length > 0)
            _setup.HasAveragedWeights = false;
        _trained = [];
    }
}
