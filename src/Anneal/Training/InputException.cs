namespace Anneal;

/// <summary>An input value lies outside of what a layer allows, such as an index beyond an embedding. Found before the step that would use it.</summary>
public sealed class InputException(string message) : AnnealException(message);
