namespace Anneal.Onnx;

/// <summary>Makes attributes of nodes.</summary>
internal static class Attributes
{
    internal static OnnxAttribute Of(string name, long value) => new() { Name = name, Type = OnnxAttributeType.Int, Integer = value };

    internal static OnnxAttribute Of(string name, string value) => new() { Name = name, Type = OnnxAttributeType.String, Text = value };

    internal static OnnxAttribute Of(string name, OnnxTensor value) => new() { Name = name, Type = OnnxAttributeType.Tensor, Tensor = value };

    internal static OnnxAttribute Of(string name, OnnxGraph value) => new() { Name = name, Type = OnnxAttributeType.Graph, Graph = value };

    internal static OnnxAttribute Of(string name, ReadOnlySpan<long> values)
    {
        var attribute = new OnnxAttribute { Name = name, Type = OnnxAttributeType.Ints };
        attribute.Integers.AddRange(values);
        return attribute;
    }
}
