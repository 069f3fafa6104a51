namespace Anneal;

/// <summary>
/// A metric has no value for the examples that it saw, such as the area under a curve of one class only; or a loss, where nothing counted. Thrown when
/// it is read.
/// </summary>
public sealed class UndefinedMetricException(string message) : AnnealException(message);
