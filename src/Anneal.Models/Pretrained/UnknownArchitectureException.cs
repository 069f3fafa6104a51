namespace Anneal.Models;

/// <summary>A folder holds a model of an architecture that Anneal does not have, or of another one than was asked for.</summary>
public sealed class UnknownArchitectureException : AnnealException
{
    internal UnknownArchitectureException(string file, string architecture, IReadOnlyList<string> known)
        : base($"{file}: the architecture {architecture} is not known here. Known are {string.Join(", ", known)}.") =>
        (Architecture, Known) = (architecture, known);

    /// <summary>What the configuration names.</summary>
    public string Architecture { get; }

    /// <summary>What could be loaded.</summary>
    public IReadOnlyList<string> Known { get; }
}
