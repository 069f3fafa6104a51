namespace Anneal.Models;

/// <summary>An adapter and a model do not belong together, or one is used in a way that it is not in at the moment: detached, taken, adapted.</summary>
public sealed class AdapterException(string message) : AnnealException(message);
