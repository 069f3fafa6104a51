namespace Anneal;

/// <summary>A model is used before it can be, or is put together wrongly: not built, not compiled, an input that leads nowhere.</summary>
public sealed class ModelException(string message) : AnnealException(message);
