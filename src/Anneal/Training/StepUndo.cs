using Anneal.Execution;

namespace Anneal;

/// <summary>
/// What the parts of a batch change while their gradients are added up: moving averages and the number of the random step. A batch of which
/// a part fails gives them back. The memory is allocated once.
/// </summary>
internal sealed class StepUndo
{
    private readonly (Variable Variable, TensorData Value)[] _kept;
    private bool _isOpen;

    /// <summary>Makes room for what a part of a batch updates.</summary>
    /// <param name="part">The program of a part.</param>
    /// <param name="accumulation">Sums that begin anew with each batch, and so need no care.</param>
    internal StepUndo(CompiledGraph part, GradientAccumulation accumulation) => _kept =
        [.. part.Graph.Updates.Select(u => u.Variable).Where(v => !accumulation.Owns(v)).Select(v => (v, new TensorData(v.Type)))];

    /// <summary>Called before the first part.</summary>
    internal void Begin()
    {
        foreach ((Variable variable, TensorData value) in _kept)
            HostChecks.Copy(variable.Storage, value);
        _isOpen = true;
    }

    /// <summary>Called when the whole batch is done.</summary>
    internal void Complete() => _isOpen = false;

    /// <summary>Gives back what has changed since the first part, unless the batch is done.</summary>
    internal void TakeBack()
    {
        if (!_isOpen)
            return;
        _isOpen = false;
        foreach ((Variable variable, TensorData value) in _kept)
        {
            HostChecks.Copy(value, variable.Storage);
            variable.MarkChanged();
        }
    }
}
