using System.Globalization;
using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>
/// Writes the nodes of a traced graph, in pairs for two numbers of examples, as nodes of an ONNX graph. One object for the graph and one for each body of a
/// loop; names and constants are shared.
/// </summary>
internal sealed class OnnxEmitter
{
    private readonly EmitterNames _names;
    private readonly OnnxEmitter? _outer;
    private readonly Dictionary<Tensor, string> _values = [];
    private readonly Dictionary<Tensor, Tensor> _twins = [];
    private readonly Dictionary<Tensor, string> _reserved = [];

    private OnnxEmitter(EmitterNames names, OnnxEmitter? outer) => (_names, _outer) = (names, outer);

    internal OnnxGraph Graph { get; } = new();

    /// <summary>Writes a whole graph.</summary>
    /// <param name="first">The trace for the first number of examples.</param>
    /// <param name="second">The trace for the second one.</param>
    /// <param name="batch">The two numbers.</param>
    /// <param name="inputs">The names of the inputs.</param>
    /// <param name="outputs">The names of the outputs.</param>
    /// <param name="trained">The variables that are trained.</param>
    /// <returns>The graph, and the names of the weights that are trained.</returns>
    internal static (OnnxGraph Graph, IReadOnlyList<string> Trained) Emit(
        Graph first, Graph second, BatchPair batch, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs, IReadOnlySet<Variable> trained)
    {
        var names = new EmitterNames(batch, inputs, outputs, trained);
        var emitter = new OnnxEmitter(names, null);
        NodePair[] pairs = NodePair.Of(first, second);
        for (int i = 0; i < first.Inputs.Length; i++)
        {
            emitter._twins[first.Inputs[i]] = second.Inputs[i];
            emitter._values[first.Inputs[i]] = inputs[i];
            emitter.Graph.Inputs.Add(emitter.Describe(inputs[i], first.Inputs[i]));
        }

        for (int i = 0; i < outputs.Count; i++)
            emitter._reserved.TryAdd(first.Outputs[i], outputs[i]);
        emitter.EmitAll(pairs);
        for (int i = 0; i < outputs.Count; i++)
        {
            string value = emitter.Name(first.Outputs[i]);
            if (value != outputs[i])
                emitter.Graph.Nodes.Add(EmitterNames.NodeOf("Identity", outputs[i], [value], [outputs[i]]));
            emitter.Graph.Outputs.Add(emitter.Describe(outputs[i], first.Outputs[i]));
        }

        var graph = new OnnxGraph { Name = first.Name };
        graph.Nodes.AddRange([.. names.Front, .. emitter.Graph.Nodes]);
        graph.Initializers.AddRange(names.Initializers);
        graph.Inputs.AddRange(emitter.Graph.Inputs);
        graph.Outputs.AddRange(emitter.Graph.Outputs);
        return (graph, names.Trained);
    }

    /// <summary>Writes the body of a loop.</summary>
    /// <param name="pair">The loop.</param>
    /// <param name="captured">The names, around the loop, of the body's inputs from a place on.</param>
    internal OnnxGraph EmitBody(NodePair pair, IReadOnlyList<string> captured)
    {
        (Scan first, Scan second) = pair.Ops<Scan>();
        var body = new OnnxEmitter(_names, this);
        NodePair[] pairs = NodePair.Of(first.Inner, second.Inner);
        int given = first.Inner.Inputs.Length - captured.Count;
        for (int i = 0; i < first.Inner.Inputs.Length; i++)
        {
            Tensor input = first.Inner.Inputs[i];
            body._twins[input] = second.Inner.Inputs[i];
            string name = body._values[input] = i < given ? _names.Fresh(i < first.CarryCount ? "state" : "element") : captured[i - given];
            if (i < given)
                body.Graph.Inputs.Add(body.Describe(name, input));
        }

        body.EmitAll(pairs);
        foreach (Tensor output in first.Inner.Outputs)
        {
            // An output has a name of its own, also where it is an input or another output.
            string name = _names.Fresh("next");
            body.Graph.Nodes.Add(EmitterNames.NodeOf("Identity", name, [body.Name(output)], [name]));
            body.Graph.Outputs.Add(body.Describe(name, output));
        }

        body.Graph.Name = pair.First.Origin.LayerPath is { Length: > 0 } path ? path : "body";
        return body.Graph;
    }

    /// <summary>The name of a value. What has no node yet, such as a constant, gets one.</summary>
    internal string Name(Tensor tensor)
    {
        if (_values.TryGetValue(tensor, out string? name))
            return name;
        return _values[tensor] = tensor.Node.Op switch
        {
            ReadVariable read => _names.Weight(read.Variable),
            Literal literal => _names.Constant(literal.Data),
            Graphs.Constant constant => Filled(tensor, constant.Value),
            BroadcastTo => Expanded(tensor),
            _ => throw new GraphException($"{tensor.Node} is read before it is written."),
        };
    }

    /// <summary>Another name for a value that is there already: the node passes it on.</summary>
    internal void Alias(Tensor output, string name) => _values[output] = name;

    /// <summary>Adds a node that gives one of a traced node's outputs.</summary>
    internal void Result(NodePair pair, string op, string[] inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        string name = _reserved.GetValueOrDefault(pair.Output) ?? _names.Fresh(Stem(pair, op));
        AddNode(op, name, inputs, [name], attributes);
        _values[pair.Output] = name;
    }

    /// <summary>Adds a node that gives several outputs of a traced node.</summary>
    internal void Results(NodePair pair, string op, string[] inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        string[] names = [.. pair.First.Outputs.Select(o => _reserved.GetValueOrDefault(o) ?? _names.Fresh(Stem(pair, op)))];
        AddNode(op, names[0], inputs, names, attributes);
        for (int i = 0; i < names.Length; i++)
            _values[pair.First.Outputs[i]] = names[i];
    }

    /// <summary>Adds a node whose value lies between those of the trace.</summary>
    internal string Step(NodePair pair, string op, string[] inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        string name = _names.Fresh(Stem(pair, op));
        AddNode(op, name, inputs, [name], attributes);
        return name;
    }

    /// <summary>Adds a node with several outputs, whose values lie between those of the trace.</summary>
    internal string[] Steps(NodePair pair, string op, int outputs, string[] inputs, params ReadOnlySpan<OnnxAttribute> attributes)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(_ => _names.Fresh(Stem(pair, op)))];
        AddNode(op, names[0], inputs, names, attributes);
        return names;
    }

    /// <summary>A value in another arrangement of its axes; weights are stored so.</summary>
    internal string Transposed(NodePair pair, Tensor tensor, ReadOnlySpan<long> order)
    {
        if (_names.TransposedWeight(tensor, order) is { } weight)
            return weight;
        return Step(pair, "Transpose", [Name(tensor)], Attributes.Of("perm", order));
    }

    /// <summary>
    /// The operands of an elementwise operation. The format broadcasts by itself, so a broadcast before it is left out, unless none is left that has the
    /// result's shape.
    /// </summary>
    internal string[] Operands(NodePair pair)
    {
        Tensor[] inputs = pair.First.Inputs;
        Tensor[] sources = Array.ConvertAll(inputs, i => i.Node.Op is BroadcastTo ? i.Node.Inputs[0] : i);
        Shape? common = Shape.Scalar;
        foreach (Tensor source in sources.Where(s => s.Node.Op is not Graphs.Constant))
            common = common is { } shape ? Shape.Broadcast(shape, source.Shape) : null;
        if (common != pair.Output.Shape)
            sources[0] = inputs[0];
        string[] names = new string[sources.Length];
        bool isScalar = common == pair.Output.Shape && sources.Any(s => s.Node.Op is not Graphs.Constant);
        for (int i = 0; i < names.Length; i++)
            names[i] = sources[i].Node.Op is Graphs.Constant constant && (i > 0 || isScalar) ? _names.Number(constant.Value, sources[i].DType) : Name(sources[i]);
        return names;
    }

    /// <summary>A number of a traced node as a function of the number of examples.</summary>
    internal Extent Between(NodePair pair, long first, long second) => _names.Batch.Between(first, second)
        ?? throw pair.Fail($"has an extent that is {first} for {_names.Batch.First} examples and {second} for {_names.Batch.Second}. Hint: state the {nameof(OnnxExportOptions.BatchSize)} for which it is exported.");

    /// <summary>The extents of a shape of a traced node.</summary>
    internal Extent[] Extents(NodePair pair, Shape first, Shape second) => [.. first.Select((e, i) => Between(pair, e, second[i]))];

    internal Extent[] Extents(NodePair pair, Tensor tensor) => Extents(pair, tensor.Shape, Twin(tensor).Shape);

    /// <summary>The same value in the trace for the other number of examples.</summary>
    internal Tensor Twin(Tensor tensor) => _twins.TryGetValue(tensor, out Tensor? twin) ? twin : _outer?.Twin(tensor) ?? throw new GraphException($"{tensor.Node} is read before it is written.");

    internal string Integers(params ReadOnlySpan<long> values) => _names.Constant(TensorData.From(values.ToArray()));

    internal string Number(double value, DType dtype) => _names.Number(value, dtype);

    /// <summary>A list of whole numbers, some of which may follow from the number of examples.</summary>
    internal string Integers(ReadOnlySpan<Extent> extents) => _names.Integers(extents);

    /// <summary>The name of a tensor filled with zeros.</summary>
    internal string Zeros(Tensor like) => Filled(like, 0);

    private void EmitAll(NodePair[] pairs)
    {
        foreach (NodePair pair in pairs)
        {
            for (int i = 0; i < pair.First.Outputs.Length; i++)
                _twins.TryAdd(pair.First.Outputs[i], pair.Second.Outputs[i]);
            if (pair.Op is Graphs.Input or ReadVariable or Literal or Graphs.Constant or BroadcastTo)
                continue;
            ExportRules.Find(pair)(this, pair);
        }
    }

    private string Filled(Tensor tensor, double value)
    {
        if (tensor.Shape.Rank == 0)
            return _names.Number(value, tensor.DType);
        var pair = new NodePair(tensor.Node, Twin(tensor).Node);
        var filled = new TensorData(tensor.DType, [1]);
        filled.SetDouble(0, value);
        return Step(pair, "ConstantOfShape", [Integers(Extents(pair, tensor))], Attributes.Of("value", OnnxTensor.Of("", filled)));
    }

    /// <summary>A broadcast that must exist; an extent of 1 in the format's operator keeps that of the input.</summary>
    private string Expanded(Tensor tensor)
    {
        var pair = new NodePair(tensor.Node, Twin(tensor).Node);
        Tensor source = tensor.Node.Inputs[0];
        Extent[] to = Extents(pair, tensor);
        int lead = tensor.Shape.Rank - source.Shape.Rank;
        for (int i = lead; i < to.Length; i++)
            to[i] = tensor.Shape[i] == source.Shape[i - lead] ? 1 : to[i];
        return Step(pair, "Expand", [Name(source), Integers(to)]);
    }

    private OnnxValueInfo Describe(string name, Tensor tensor)
    {
        Shape twin = Twin(tensor).Shape;
        return new OnnxValueInfo
        {
            Name = name,
            ElementType = OnnxTypes.Of(tensor.DType),
            Dimensions = [.. tensor.Shape.Select((e, i) => _names.Batch.Between(e, twin[i]) switch
            {
                { IsFixed: true } number => new OnnxDimension(number.Offset, ""),
                { Factor: 1, Offset: 0 } => new OnnxDimension(-1, "batch"),
                _ => new OnnxDimension(-1, ""),
            })],
        };
    }

    private void AddNode(string op, string name, string[] inputs, string[] outputs, ReadOnlySpan<OnnxAttribute> attributes)
    {
        OnnxNode node = EmitterNames.NodeOf(op, name, inputs, outputs);
        node.Attributes.AddRange(attributes);
        Graph.Nodes.Add(node);
    }

    private static string Stem(NodePair pair, string op)
    {
        string path = pair.First.Origin.LayerPath;
        return path.Length == 0 ? op : string.Create(CultureInfo.InvariantCulture, $"{path}/{op}");
    }
}
