namespace Anneal;

/// <summary>A data set does not have what is asked of it: too few examples, parts that do not fit together, labels out of range.</summary>
public sealed class DatasetException(string message) : AnnealException(message);
