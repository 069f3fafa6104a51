using Anneal.Saving;

namespace Anneal.Onnx;

/// <summary>Reads ONNX files, field by field by the numbers of the format's definition. Fields that Anneal does not use are passed over.</summary>
internal sealed class OnnxReader
{
    // Graphs within attributes of nodes of graphs: real ones are two or three deep.
    private const int MostDepth = 24;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly string _name;

    private OnnxReader(ReadOnlyMemory<byte> bytes, string name) => (_bytes, _name) = (bytes, name);

    /// <summary>Reads a file that lies in memory.</summary>
    /// <param name="bytes">The file; tensors keep parts of it.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="ModelFileException">The bytes are no such file.</exception>
    internal static OnnxFile Read(ReadOnlyMemory<byte> bytes, string name) => new OnnxReader(bytes, name).ReadModel();

    private OnnxFile ReadModel()
    {
        var file = new OnnxFile { Name = _name, Length = _bytes.Length };
        var reader = new ProtobufReader(_bytes.Span, _name);
        bool hasGraph = false;
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: file.IrVersion = reader.Integer(wire); break;
                case 2: file.Producer = reader.Text(wire); break;
                case 7:
                    ReadGraph(reader.Message(wire), file.Graph, 0);
                    hasGraph = true;
                    break;
                case 8: ReadOpset(reader.Message(wire), file.Opsets); break;
                case 14: ReadEntry(reader.Message(wire), file.Metadata); break;
                case 25:
                    OnnxFunction function = ReadFunction(reader.Message(wire));
                    if (!file.Functions.TryAdd((function.Domain, function.Name), function))
                        throw reader.Fail("each function once", $"{ModelFileException.Quote(function.Name)} twice");
                    break;
                default: reader.Skip(wire); break;
            }
        }

        if (!hasGraph)
            throw reader.Fail("a graph", "none");
        if (!file.Opsets.ContainsKey(""))
            throw reader.Fail("the version of ONNX's operators", "none");
        return file;
    }

    private void ReadGraph(ProtobufReader reader, OnnxGraph graph, int depth)
    {
        if (depth > MostDepth)
            throw reader.Fail($"graphs within at most {MostDepth} others", "a deeper one");
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: graph.Nodes.Add(ReadNode(reader.Message(wire), depth)); break;
                case 2: graph.Name = reader.Text(wire); break;
                case 5: graph.Initializers.Add(ReadTensor(reader.Message(wire))); break;
                case 11: graph.Inputs.Add(ReadValue(reader.Message(wire))); break;
                case 12: graph.Outputs.Add(ReadValue(reader.Message(wire))); break;
                case 15: throw reader.Fail("dense initializers", "a sparse one");
                default: reader.Skip(wire); break;
            }
        }
    }

    private OnnxNode ReadNode(ProtobufReader reader, int depth)
    {
        var node = new OnnxNode();
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: node.Inputs.Add(reader.Text(wire)); break;
                case 2: node.Outputs.Add(reader.Text(wire)); break;
                case 3: node.Name = reader.Text(wire); break;
                case 4: node.Operator = reader.Text(wire); break;
                case 5: node.Attributes.Add(ReadAttribute(reader.Message(wire), depth)); break;
                case 7: node.Domain = DomainOf(reader.Text(wire)); break;
                default: reader.Skip(wire); break;
            }
        }

        return node;
    }

    private OnnxAttribute ReadAttribute(ProtobufReader reader, int depth)
    {
        var attribute = new OnnxAttribute();
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: attribute.Name = reader.Text(wire); break;
                case 2: attribute.Number = reader.AnySingle(wire); break;
                case 3: attribute.Integer = reader.Integer(wire); break;
                case 4: attribute.Text = reader.Text(wire); break;
                case 5: attribute.Tensor = ReadTensor(reader.Message(wire)); break;
                case 6:
                    attribute.Graph = new OnnxGraph();
                    ReadGraph(reader.Message(wire), attribute.Graph, depth + 1);
                    break;
                case 7: reader.Singles(wire, attribute.Numbers); break;
                case 8: reader.Integers(wire, attribute.Integers); break;
                case 9: attribute.Texts.Add(reader.Text(wire)); break;
                case 20: attribute.Type = (OnnxAttributeType)reader.Natural(wire); break;
                case 21: attribute.Reference = reader.Text(wire); break;
                default: reader.Skip(wire); break;
            }
        }

        return attribute;
    }

    private OnnxTensor ReadTensor(ProtobufReader reader)
    {
        var tensor = new OnnxTensor { Position = reader.Position };
        bool isExternal = false;
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: reader.Integers(wire, tensor.Dimensions); break;
                case 2: tensor.ElementType = reader.Integer(wire); break;
                case 4: reader.Singles(wire, tensor.Numbers); break;
                case 5 or 7 or 11: reader.Integers(wire, tensor.Integers); break;
                case 8: tensor.Name = reader.Text(wire); break;
                case 9:
                    int length = reader.Span(wire).Length;
                    tensor.Raw = _bytes.Slice(reader.Position - length, length);
                    break;
                case 10: reader.Doubles(wire, tensor.Numbers); break;
                case 13: ReadEntry(reader.Message(wire), tensor.External ??= []); break;
                case 14: isExternal = reader.Natural(wire) == 1; break;
                case 3: throw reader.Fail("a tensor that is whole", "a segment of one");
                default: reader.Skip(wire); break;
            }
        }

        tensor.External = isExternal ? tensor.External ?? [] : null;
        return tensor;
    }

    private static OnnxValueInfo ReadValue(ProtobufReader reader)
    {
        var value = new OnnxValueInfo();
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            if (field == 1)
                value.Name = reader.Text(wire);
            else if (field == 2)
                ReadType(reader.Message(wire), value);
            else
                reader.Skip(wire);
        }

        return value;
    }

    private static void ReadType(ProtobufReader reader, OnnxValueInfo value)
    {
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            if (field != 1)
            {
                reader.Skip(wire);
                continue;
            }

            ProtobufReader type = reader.Message(wire);
            while (type.TryNext(out int part, out wire))
            {
                if (part == 1)
                    value.ElementType = type.Natural(wire);
                else if (part == 2)
                    value.Dimensions = ReadShape(type.Message(wire));
                else
                    type.Skip(wire);
            }
        }
    }

    private static List<OnnxDimension> ReadShape(ProtobufReader reader)
    {
        var dimensions = new List<OnnxDimension>();
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            if (field != 1)
            {
                reader.Skip(wire);
                continue;
            }

            var dimension = new OnnxDimension(-1, "");
            ProtobufReader extent = reader.Message(wire);
            while (extent.TryNext(out int part, out wire))
            {
                if (part == 1)
                    dimension = new OnnxDimension(extent.Integer(wire), "");
                else if (part == 2)
                    dimension = new OnnxDimension(-1, extent.Text(wire));
                else
                    extent.Skip(wire);
            }

            dimensions.Add(dimension);
        }

        return dimensions;
    }

    private OnnxFunction ReadFunction(ProtobufReader reader)
    {
        var function = new OnnxFunction();
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            switch (field)
            {
                case 1: function.Name = reader.Text(wire); break;
                case 4: function.Inputs.Add(reader.Text(wire)); break;
                case 5: function.Outputs.Add(reader.Text(wire)); break;
                case 6: function.Attributes.Add(reader.Text(wire)); break;
                case 7: function.Nodes.Add(ReadNode(reader.Message(wire), 0)); break;
                case 9: ReadOpset(reader.Message(wire), function.Opsets); break;
                case 10: function.Domain = DomainOf(reader.Text(wire)); break;
                case 11: function.Defaults.Add(ReadAttribute(reader.Message(wire), 0)); break;
                default: reader.Skip(wire); break;
            }
        }

        return function;
    }

    private static void ReadOpset(ProtobufReader reader, Dictionary<string, long> opsets)
    {
        string domain = "";
        long version = 0;
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            if (field == 1)
                domain = DomainOf(reader.Text(wire));
            else if (field == 2)
                version = reader.Integer(wire);
            else
                reader.Skip(wire);
        }

        opsets[domain] = version;
    }

    private static void ReadEntry(ProtobufReader reader, Dictionary<string, string> entries)
    {
        string key = "", value = "";
        while (reader.TryNext(out int field, out ProtobufReader.Wire wire))
        {
            if (field == 1)
                key = reader.Text(wire);
            else if (field == 2)
                value = reader.Text(wire);
            else
                reader.Skip(wire);
        }

        entries[key] = value;
    }

    // Both names mean ONNX's own operators.
    private static string DomainOf(string domain) => domain == "ai.onnx" ? "" : domain;
}
