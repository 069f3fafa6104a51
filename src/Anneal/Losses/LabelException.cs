namespace Anneal;

/// <summary>A label (target value) lies outside of what the loss or the model allows. Found before the step that would use it.</summary>
public sealed class LabelException(string message) : AnnealException(message);
