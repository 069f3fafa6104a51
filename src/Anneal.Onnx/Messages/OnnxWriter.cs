namespace Anneal.Onnx;

/// <summary>Writes ONNX files, field by field by the numbers of the format's definition.</summary>
internal static class OnnxWriter
{
    /// <summary>A file as it is written; what it is made of is not copied until then.</summary>
    internal static ProtobufWriter Write(OnnxFile file)
    {
        var writer = new ProtobufWriter();
        writer.Integer(1, file.IrVersion);
        writer.Text(2, file.Producer);
        foreach ((string domain, long version) in file.Opsets)
        {
            var opset = new ProtobufWriter();
            opset.Text(1, domain);
            opset.Integer(2, version);
            writer.Message(8, opset);
        }

        writer.Message(7, Graph(file.Graph));
        foreach ((string key, string value) in file.Metadata)
            writer.Message(14, Entry(key, value));
        return writer;
    }

    private static ProtobufWriter Graph(OnnxGraph graph)
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

    private static ProtobufWriter Node(OnnxNode node)
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

    private static ProtobufWriter Attribute(OnnxAttribute attribute)
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
        return writer;
    }

    private static ProtobufWriter Tensor(OnnxTensor tensor)
    {
        var writer = new ProtobufWriter();
        foreach (long extent in tensor.Dimensions)
            writer.Integer(1, extent);
        writer.Integer(2, tensor.ElementType);
        if (tensor.Name.Length > 0)
            writer.Text(8, tensor.Name);
        if (tensor.Data is { } data)
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
