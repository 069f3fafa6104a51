namespace Anneal.Onnx;

/// <summary>The contents of an ONNX file: the message <c>ModelProto</c> of the format's definition, with the fields that Anneal uses.</summary>
internal sealed class OnnxFile
{
    /// <summary>The file's name, for messages.</summary>
    internal required string Name { get; init; }

    /// <summary>The bytes that were read; 0 where the file is made here.</summary>
    internal long Length { get; init; }

    internal long IrVersion { get; set; }

    /// <summary>The program that wrote the file.</summary>
    internal string Producer { get; set; } = "";

    /// <summary>The version of each set of operators; the empty domain is ONNX's own.</summary>
    internal Dictionary<string, long> Opsets { get; } = [];

    internal OnnxGraph Graph { get; set; } = new();

    /// <summary>Operators that the file defines itself, by domain and name.</summary>
    internal Dictionary<(string Domain, string Name), OnnxFunction> Functions { get; } = [];

    internal Dictionary<string, string> Metadata { get; } = [];
}

/// <summary>A graph: <c>GraphProto</c>.</summary>
internal sealed class OnnxGraph
{
    internal string Name { get; set; } = "";

    internal List<OnnxNode> Nodes { get; } = [];

    internal List<OnnxTensor> Initializers { get; } = [];

    internal List<OnnxValueInfo> Inputs { get; } = [];

    internal List<OnnxValueInfo> Outputs { get; } = [];
}

/// <summary>An operator that a file defines by others: <c>FunctionProto</c>.</summary>
internal sealed class OnnxFunction
{
    internal string Name { get; set; } = "";

    internal string Domain { get; set; } = "";

    internal List<string> Inputs { get; } = [];

    internal List<string> Outputs { get; } = [];

    internal List<string> Attributes { get; } = [];

    /// <summary>Attributes with a value for calls that give none.</summary>
    internal List<OnnxAttribute> Defaults { get; } = [];

    internal List<OnnxNode> Nodes { get; } = [];

    internal Dictionary<string, long> Opsets { get; } = [];
}

/// <summary>An application of an operator: <c>NodeProto</c>. An empty name of an input or output stands for one that is left out.</summary>
internal sealed class OnnxNode
{
    internal string Name { get; set; } = "";

    internal string Operator { get; set; } = "";

    internal string Domain { get; set; } = "";

    internal List<string> Inputs { get; } = [];

    internal List<string> Outputs { get; } = [];

    internal List<OnnxAttribute> Attributes { get; } = [];

    /// <summary>The operator, with its domain where that is not ONNX's own.</summary>
    internal string FullOperator => Domain.Length == 0 ? Operator : Domain + "." + Operator;

    /// <summary>The node's name, or that of its first output where it has none.</summary>
    internal string Title => Name.Length > 0 ? Name : Outputs.FirstOrDefault(o => o.Length > 0) ?? "";
}

/// <summary>An attribute of a node: <c>AttributeProto</c>.</summary>
internal sealed class OnnxAttribute
{
    internal string Name { get; set; } = "";

    internal OnnxAttributeType Type { get; set; }

    internal double Number { get; set; }

    internal long Integer { get; set; }

    internal string Text { get; set; } = "";

    internal OnnxTensor? Tensor { get; set; }

    internal OnnxGraph? Graph { get; set; }

    internal List<double> Numbers { get; } = [];

    internal List<long> Integers { get; } = [];

    internal List<string> Texts { get; } = [];

    /// <summary>Within a function: the attribute of the call that this one stands for; empty for none.</summary>
    internal string Reference { get; set; } = "";

    /// <summary>The same value under another name.</summary>
    internal OnnxAttribute Named(string name)
    {
        var copy = new OnnxAttribute { Name = name, Type = Type, Number = Number, Integer = Integer, Text = Text, Tensor = Tensor, Graph = Graph };
        copy.Numbers.AddRange(Numbers);
        copy.Integers.AddRange(Integers);
        copy.Texts.AddRange(Texts);
        return copy;
    }
}

/// <summary>The kinds of attributes that Anneal uses, numbered as in the format.</summary>
internal enum OnnxAttributeType
{
    Undefined = 0,
    Float = 1,
    Int = 2,
    String = 3,
    Tensor = 4,
    Graph = 5,
    Floats = 6,
    Ints = 7,
    Strings = 8,
}

/// <summary>What is said of an input or output of a graph: <c>ValueInfoProto</c>.</summary>
internal sealed class OnnxValueInfo
{
    internal string Name { get; set; } = "";

    /// <summary>The type of the elements, numbered as in the format; 0 where none is given or the value is no tensor.</summary>
    internal int ElementType { get; set; }

    /// <summary>The extents, or null where the number of axes is not given.</summary>
    internal List<OnnxDimension>? Dimensions { get; set; }
}

/// <summary>An extent: a number, a name for one that is known when the graph runs, or nothing.</summary>
/// <param name="Extent">The number; -1 where there is none.</param>
/// <param name="Symbol">The name; empty where there is none.</param>
internal readonly record struct OnnxDimension(long Extent, string Symbol)
{
    internal bool IsFixed => Extent >= 0;
}
