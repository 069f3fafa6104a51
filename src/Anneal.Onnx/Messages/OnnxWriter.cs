namespace Anneal.Onnx;

/// <summary>Writes ONNX files, field by field by the numbers of the format's definition.</summary>
/// <param name="valueOf">The values of a tensor, or null for one that is described without values.</param>
internal sealed class OnnxWriter(Func<OnnxTensor, TensorData?> valueOf)
{
    /// <summary>A file as it is written, with the values that its tensors hold; what it is made of is not copied until then.</summary>
    internal static ProtobufWriter Write(OnnxFile file) => Write(file, t => t.Data);

    /// <summary>A file as it is written.</summary>
    internal static ProtobufWriter Write(OnnxFile file, Func<OnnxTensor, TensorData?> valueOf) => new OnnxWriter(valueOf).Model(file);

    private ProtobufWriter Model(OnnxFile file)
    {
        var writer = new ProtobufWriter();
        writer.Integer(1, file.IrVersion);
        writer.Text(2, file.Producer);
        foreach ((string domain, long version) in file.Opsets)
            writer.Message(8, Opset(domain, version));

        writer.Message(7, Graph(file.Graph));
        foreach ((string key, string value) in file.Metadata)
            writer.Message(14, Entry(key, value));
        foreach (OnnxFunction function in file.Functions.Values)
            writer.Message(25, Function(function));
        return writer;
    }

    private ProtobufWriter Function(OnnxFunction function)
    {
        var writer = new ProtobufWriter();
        writer.Text(1, function.Name);
        foreach (string input in function.Inputs)
            writer.Text(4, input);
        foreach (string output in function.Outputs)
            writer.Text(5, output);
        foreach (string attribute in function.Attributes)
            writer.Text(6, attribute);
        foreach (OnnxNode node in function.Nodes)
            writer.Message(7, Node(node));
        foreach ((string domain, long version) in function.Opsets)
            writer.Message(9, Opset(domain, version));
        writer.Text(10, function.Domain);
        foreach (OnnxAttribute attribute in function.Defaults)
            writer.Message(11, Attribute(attribute));
        return writer;
    }

    private static ProtobufWriter Opset(string domain, long version)
    {
        var writer = new ProtobufWriter();
        writer.Text(1, domain);
        writer.Integer(2, version);
        return writer;
    }

    private ProtobufWriter Graph(OnnxGraph graph)
    {
        var writer = new ProtobufWriter();
        foreach (OnnxNode node in graph.Nodes)
            writer.Message(1, Node(node));
        writer.Text(2, graph.Name);
        foreach (OnnxTensor initializer in graph.Initializers)
            writer.Message(5, Tensor(initializer));
        foreach (OnnxValueInfo input in graph.Inputs)
            writer.Message(11, Value(input));
        foreach (OnnxValueInfo output in graph.Outputs)
            writer.Message(12, Value(output));
        return writer;
    }

    private ProtobufWriter Node(OnnxNode node)
    {
        var writer = new ProtobufWriter();
        foreach (string input in node.Inputs)
            writer.Text(1, input);
        foreach (string output in node.Outputs)
            writer.Text(2, output);
        if (node.Name.Length > 0)
            writer.Text(3, node.Name);
        writer.Text(4, node.Operator);
        foreach (OnnxAttribute attribute in node.Attributes)
            writer.Message(5, Attribute(attribute));
        if (node.Domain.Length > 0)
            writer.Text(7, node.Domain);
        return writer;
    }

    private ProtobufWriter Attribute(OnnxAttribute attribute)
    {
        var writer = new ProtobufWriter();
        writer.Text(1, attribute.Name);
        switch (attribute.Type)
        {
            case OnnxAttributeType.Float: writer.Single(2, attribute.Number); break;
            case OnnxAttributeType.Int: writer.Integer(3, attribute.Integer); break;
            case OnnxAttributeType.String: writer.Text(4, attribute.Text); break;
            case OnnxAttributeType.Tensor: writer.Message(5, Tensor(attribute.Tensor!)); break;
            case OnnxAttributeType.Graph: writer.Message(6, Graph(attribute.Graph!)); break;
            default: break;
        }

        foreach (double number in attribute.Numbers)
            writer.Single(7, number);
        foreach (long integer in attribute.Integers)
            writer.Integer(8, integer);
        foreach (string text in attribute.Texts)
            writer.Text(9, text);
        writer.Integer(20, (long)attribute.Type);
        if (attribute.Reference.Length > 0)
            writer.Text(21, attribute.Reference);
        return writer;
    }

    private ProtobufWriter Tensor(OnnxTensor tensor)
    {
        var writer = new ProtobufWriter();
        foreach (long extent in tensor.Dimensions)
            writer.Integer(1, extent);
        writer.Integer(2, tensor.ElementType);
        if (tensor.Name.Length > 0)
            writer.Text(8, tensor.Name);
        if (valueOf(tensor) is { } data)
            writer.Values(9, data);
        foreach ((string key, string value) in tensor.External ?? [])
            writer.Message(13, Entry(key, value));
        if (tensor.External is not null)
            writer.Integer(14, 1);
        return writer;
    }

    private static ProtobufWriter Value(OnnxValueInfo value)
    {
        var type = new ProtobufWriter();
        type.Integer(1, value.ElementType);
        if (value.Dimensions is { } dimensions)
        {
            var shape = new ProtobufWriter();
            foreach (OnnxDimension dimension in dimensions)
            {
                var extent = new ProtobufWriter();
                if (dimension.IsFixed)
                    extent.Integer(1, dimension.Extent);
                else if (dimension.Symbol.Length > 0)
                    extent.Text(2, dimension.Symbol);
                shape.Message(1, extent);
            }

            type.Message(2, shape);
        }

        var tensor = new ProtobufWriter();
        tensor.Message(1, type);
        var writer = new ProtobufWriter();
        writer.Text(1, value.Name);
        writer.Message(2, tensor);
        return writer;
    }

    private static ProtobufWriter Entry(string key, string value)
    {
        var writer = new ProtobufWriter();
        writer.Text(1, key);
        writer.Text(2, value);
        return writer;
    }
}
