using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>
/// Turns the nodes of an ONNX graph into operations of the present trace, one after another. What depends on nothing but constants and shapes is
/// computed at once, by the operations' definitions in double precision, because Anneal's shapes are known before a program runs.
/// </summary>
internal sealed class OnnxInterpreter(OnnxFile file, Func<OnnxTensor, OnnxValue> valueOf)
{
    // What is worth computing at once: shapes, indices, small tables. Weights are not.
    private const long MostFoldedElements = 4096;

    // Functions that call functions can be a small file and an endless graph.
    private const int MostNodes = 250_000, MostDepth = 64;

    // Some nodes become hundreds of operations, and some are computed at once: a thousand times what the largest graphs take.
    private const long MostBytes = 1L << 30, MostFoldedInAll = 1 << 24;
    private const int BytesPerByte = 4;
    private readonly long _bytesBefore = GC.GetAllocatedBytesForCurrentThread();
    private int _nodes, _depth;
    private long _folded;

    internal string File => file.Name;

    /// <summary>The value of a tensor that is part of the file.</summary>
    internal OnnxValue ValueOf(OnnxTensor tensor) => valueOf(tensor);

    /// <summary>Runs the file's graph.</summary>
    internal Tensor[] Run(Tensor[] inputs)
    {
        var scope = new OnnxScope(null);
        OnnxValueInfo[] declared = [.. OnnxSignature.InputsOf(file.Graph)];
        for (int i = 0; i < declared.Length; i++)
            Add(scope, declared[i].Name, inputs[i]);
        return [.. Run(file.Graph, scope).Select(v => v.Tensor)];
    }

    /// <summary>Runs a graph whose inputs are in the scope already.</summary>
    internal OnnxValue[] Run(OnnxGraph graph, OnnxScope scope)
    {
        foreach (OnnxTensor initializer in graph.Initializers)
            Add(scope, initializer.Name, valueOf(initializer));
        RunNodes(graph.Nodes, scope, file.Opsets);
        return [.. graph.Outputs.Select(o => scope.Find(o.Name)
            ?? throw new ModelFileException(File, "the graph", $"a value {ModelFileException.Quote(o.Name)}, which is an output", "none of this name"))];
    }

    private void RunNodes(List<OnnxNode> nodes, OnnxScope scope, Dictionary<string, long> opsets)
    {
        if (++_depth > MostDepth)
            throw new ModelFileException(File, "the graph", $"graphs and functions within at most {MostDepth} others", "deeper ones");
        foreach (OnnxNode node in nodes)
        {
            if (++_nodes > MostNodes)
                throw new ModelFileException(File, "the graph", $"at most {MostNodes} nodes, those of functions counted at each call", "more");
            if (GC.GetAllocatedBytesForCurrentThread() - _bytesBefore > MostBytes + BytesPerByte * file.Length)
                throw new ModelFileException(File, "the graph", FormattableString.Invariant($"nodes that take at most {MostBytes} bytes to read, those of functions counted at each call"), "more");
            RunNode(node, scope, opsets);
        }

        _depth--;
    }

    private void RunNode(OnnxNode node, OnnxScope scope, Dictionary<string, long> opsets)
    {
        OnnxValue?[] inputs = [.. node.Inputs.Select(name => name.Length == 0 ? null : scope.Find(name)
            ?? throw new OnnxOperatorException(File, node, $"there is no value {ModelFileException.Quote(name)} before it."))];
        OnnxValue[] outputs;
        try
        {
            outputs = file.Functions.TryGetValue((node.Domain, node.Operator), out OnnxFunction? function)
                ? RunFunction(node, function, inputs)
                : Apply(new OnnxCall(this, node, inputs, scope, opsets.TryGetValue(node.Domain, out long version) ? version : file.Opsets.GetValueOrDefault(node.Domain)));
        }
        catch (AnnealException mistake) when (mistake is not (OnnxOperatorException or ModelFileException))
        {
            throw new OnnxOperatorException(File, node, mistake.Message, mistake);
        }

        for (int i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i].Length == 0)
                continue;
            if (i >= outputs.Length)
                throw new OnnxOperatorException(File, node, FormattableString.Invariant($"it gives {outputs.Length} outputs, but {node.Outputs.Count} are named."));
            Add(scope, node.Outputs[i], outputs[i]);
        }
    }

    private OnnxValue[] Apply(OnnxCall call)
    {
        OnnxRule rule = OnnxOperators.Find(call.Node) ?? throw OnnxOperators.Unknown(File, call.Node);
        bool isKnown = call.Inputs.Length > 0 && _folded < MostFoldedInAll && call.Inputs.All(i => i is null || i.Known is { Shape.ElementCount: <= MostFoldedElements });
        OnnxValue[]? outputs = isKnown && !OnnxOperators.HasGraph(call.Node.Operator) ? Fold(rule, call) : null;
        outputs ??= rule(call);
        call.RequireAllAsked();
        return outputs;
    }

    /// <summary>The numbers that a node gives, all of whose inputs are known; null where they are too many.</summary>
    private OnnxValue[]? Fold(OnnxRule rule, OnnxCall call)
    {
        OnnxValue[] outputs = [];
        Graph graph = Graph.Of("constants", [], _ =>
        {
            // Nobody asks where such a node comes from, and to find the line takes longer than all else here.
            Trace.Current!.DerivedFrom = Origin.Unknown;
            outputs = rule(call);
            return [.. outputs.Where(o => o.Known is null).Select(o => o.Tensor)];
        });
        if (graph.Nodes.Any(n => n.Outputs.Any(o => o.Shape.ElementCount > MostFoldedElements) || n.Op is ReadVariable or Scan))
            return null;
        _folded += call.Inputs.Sum(i => i?.Shape.ElementCount ?? 0) + graph.Nodes.Sum(n => n.Outputs.Sum(o => o.Shape.ElementCount));
        Dictionary<Tensor, double[]> values = Interpreter.Run(graph, []);
        int next = 0;
        return Array.ConvertAll(outputs, o => o.Known is null ? ToData(graph.Outputs[next], values[graph.Outputs[next++]]) : o);
    }

    private static OnnxValue ToData(Tensor tensor, double[] values)
    {
        var data = new TensorData(tensor.Type);
        for (int i = 0; i < values.Length; i++)
            data.SetDouble(i, values[i]);
        return data;
    }

    private OnnxValue[] RunFunction(OnnxNode node, OnnxFunction function, OnnxValue?[] inputs)
    {
        if (inputs.Length > function.Inputs.Count || node.Attributes.Find(a => !function.Attributes.Contains(a.Name) && !function.Defaults.Exists(d => d.Name == a.Name)) is not null)
            throw new OnnxOperatorException(File, node, "the function has not so many inputs, or no such attributes.");
        var scope = new OnnxScope(null);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is { } value)
                Add(scope, function.Inputs[i], value);
        }

        var given = function.Defaults.ToDictionary(a => a.Name);
        foreach (OnnxAttribute attribute in node.Attributes)
            given[attribute.Name] = attribute;
        RunNodes([.. function.Nodes.Select(n => WithAttributes(n, given, function))], scope, function.Opsets.Count > 0 ? function.Opsets : file.Opsets);
        return [.. function.Outputs.Select(o => scope.Find(o) ?? throw new OnnxOperatorException(File, node, $"the function gives no {ModelFileException.Quote(o)}."))];
    }

    /// <summary>A node of a function with the attributes of the call in the places that name them; one that the call lacks is left out.</summary>
    private static OnnxNode WithAttributes(OnnxNode node, Dictionary<string, OnnxAttribute> given, OnnxFunction function)
    {
        bool replaces = node.Attributes.Exists(a => a.Reference.Length > 0);
        if (!replaces)
            return node;
        var own = new OnnxNode { Name = function.Name + "/" + node.Title, Operator = node.Operator, Domain = node.Domain };
        own.Inputs.AddRange(node.Inputs);
        own.Outputs.AddRange(node.Outputs);
        foreach (OnnxAttribute attribute in node.Attributes)
        {
            if (attribute.Reference.Length == 0)
                own.Attributes.Add(attribute);
            else if (given.TryGetValue(attribute.Reference, out OnnxAttribute? value))
                own.Attributes.Add(value.Named(attribute.Name));
        }

        return own;
    }

    private void Add(OnnxScope scope, string name, OnnxValue value)
    {
        if (!scope.TryAdd(name, value))
            throw new ModelFileException(File, "the graph", "each value once", $"{ModelFileException.Quote(name)} twice");
    }
}
