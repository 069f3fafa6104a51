namespace Anneal.Saving;

/// <summary>A tensor that is to be written.</summary>
/// <param name="Name">The name, unique in the file.</param>
/// <param name="Type">The data type and shape.</param>
/// <param name="Make">Gives the values, when they are needed.</param>
internal sealed record SafetensorsSource(string Name, TensorType Type, Func<TensorData> Make);
