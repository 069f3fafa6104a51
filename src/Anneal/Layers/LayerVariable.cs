namespace Anneal;

/// <summary>A variable that a layer declared, and where its first value comes from.</summary>
internal sealed class LayerVariable(string name, Variable variable, Initializer initializer)
{
    private bool _isInitialized;

    internal string Name { get; } = name;

    internal Variable Variable { get; } = variable;

    /// <summary>The penalty of the variable, or null.</summary>
    internal Regularizer? Regularizer { get; set; }

    /// <summary>The condition of the variable, or null.</summary>
    internal Constraint? Constraint { get; set; }

    internal void InitializeOnce(ulong seed, string fullName)
    {
        if (_isInitialized)
            return;

        // Straight into the storage: layers are built while a trace is open, where values cannot be set otherwise.
        initializer.Fill(Variable.Storage, seed, StableHash.Of(fullName));
        _isInitialized = true;
    }

    /// <summary>Keeps the present value, which came from a file.</summary>
    internal void MarkInitialized() => _isInitialized = true;
}

/// <summary>A variable with its path from a model.</summary>
/// <param name="Name">Such as <c>dense_1/kernel</c>.</param>
/// <param name="Variable">The variable.</param>
/// <param name="IsTrained">Whether it is a parameter and neither it nor a layer around it is frozen.</param>
/// <param name="Declaration">How the layer declared it.</param>
internal sealed record NamedVariable(string Name, Variable Variable, bool IsTrained, LayerVariable Declaration);
