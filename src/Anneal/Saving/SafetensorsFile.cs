namespace Anneal.Saving;

/// <summary>The content of a safetensors file.</summary>
/// <param name="Tensors">The tensors by name, in the order of the header.</param>
/// <param name="Metadata">The free text of the header, in its order; empty where there is none.</param>
internal sealed record SafetensorsFile(OrderedDictionary<string, TensorData> Tensors, OrderedDictionary<string, string> Metadata);
