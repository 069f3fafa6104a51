using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>One step of a scan: from the carries and the sequences' elements to the new carries and the step's outputs.</summary>
internal delegate (IReadOnlyList<Tensor> Carries, IReadOnlyList<Tensor> Outputs) ScanStep(Tensor[] carries, Tensor[] elements);

/// <summary>
/// Records scans: traces the body, makes constants of what it uses from outside, and moves out of it what is the same at every step.
/// </summary>
internal sealed class ScanRecorder
{
    private readonly Trace? _outer;
    private readonly Trace _trace;
    private readonly List<Tensor> _constants;

    // The values of the body that are the same at every step, and what they are outside of it.
    private readonly Dictionary<Tensor, Tensor> _outside = [];
    private readonly Dictionary<Tensor, Tensor> _inside = [];
    private readonly Dictionary<Tensor, Tensor> _given = [];

    private ScanRecorder(Trace trace) => (_outer, _trace, _constants) = (trace.Outer, trace, [.. trace.Captures]);

    /// <summary>Records a scan in the current trace, or lazily.</summary>
    /// <param name="name">The name of the body in messages.</param>
    /// <param name="initial">The initial carries.</param>
    /// <param name="sequences">What the steps take one element of.</param>
    /// <param name="length">The number of steps.</param>
    /// <param name="reverse">Whether to go from the last time to the first.</param>
    /// <param name="step">The body.</param>
    /// <returns>The final carries, then the stacked outputs.</returns>
    internal static Tensor[] Record(
        string name, IReadOnlyList<Tensor> initial, IReadOnlyList<Tensor> sequences, long length, bool reverse, ScanStep step)
    {
        Tensor[] own = [.. initial.Concat(sequences).Select(t => Trace.Admit(Trace.Current, t, null))];
        Graph body;
        IReadOnlyList<Tensor> constants;
        using (var trace = new Trace(name, Trace.Current is { Training: true }, isBody: true))
        {
            trace.DerivedFrom = trace.Outer?.DerivedFrom;
            body = TraceBody(trace, own.AsSpan(0, initial.Count), own.AsSpan(initial.Count), step);
            trace.DerivedFrom = null;
            trace.Dispose();
            (body, constants) = new ScanRecorder(trace).MoveOut(body);
        }

        var scan = new Scan(new ScanBody(body), initial.Count, sequences.Count, length, reverse);
        return Node.Record(scan, [.. own, .. constants]);
    }

    private static Graph TraceBody(Trace trace, ReadOnlySpan<Tensor> initial, ReadOnlySpan<Tensor> sequences, ScanStep step)
    {
        var carries = new Tensor[initial.Length];
        var elements = new Tensor[sequences.Length];
        for (int i = 0; i < carries.Length; i++)
            carries[i] = trace.AddInput(initial[i].Type, $"carry {i}");
        for (int i = 0; i < elements.Length; i++)
            trace.Sources[elements[i] = trace.AddInput(sequences[i].Type with { Shape = sequences[i].Shape[1..] }, $"element {i}")] = sequences[i];
        (IReadOnlyList<Tensor> next, IReadOnlyList<Tensor> outputs) = step(carries, elements);
        if (next.Count != carries.Length)
            throw new ShapeException($"The body of {trace.Name} takes {carries.Length} carries, but gives {next.Count}.");
        Tensor[] results = [.. next.Concat(outputs).Select(t => Trace.Admit(trace, t, null))];
        for (int i = 0; i < carries.Length; i++)
        {
            if (results[i].Type == carries[i].Type)
                continue;
            string where = results[i].Node.Origin.ToString();
            throw new ShapeException(
                $"Carry {i} of {trace.Name} enters a step as {carries[i].Type} and leaves it as {results[i].Type}"
                + (where.Length == 0 ? "" : $", at {where}") + ". Hint: a carry keeps its type; cast or reshape it in the body.");
        }

        return new Graph(trace.Name, trace, trace.Inputs, results, []);
    }

    /// <summary>
    /// Computes outside what no carry and no element leads to. Views are cheap and stay where they are, so that operations can look through
    /// them.
    /// </summary>
    private (Graph Body, IReadOnlyList<Tensor> Constants) MoveOut(Graph body)
    {
        int given = body.Inputs.Length - _constants.Count;
        for (int i = 0; i < _constants.Count; i++)
            _outside[body.Inputs[given + i]] = _constants[i];
        bool finds = false;
        foreach (Node node in body.Nodes)
        {
            if (!IsFixed(node))
                continue;
            RecordOutside(node);
            finds |= !IsView(node);
        }

        finds |= body.Nodes.Any(n => !n.Outputs.All(_outside.ContainsKey) && n.Inputs.Any(i => WantsCopy(n, i)));
        if (!finds)
            return (body, _constants);
        using Trace.RewriteScope scope = Trace.Rewrite(_trace);
        foreach (Node node in body.Nodes)
        {
            if (node.Op is Input || node.Outputs.All(_outside.ContainsKey))
                continue;
            _trace.DerivedFrom = node.Origin;
            Tensor[] inputs = [.. node.Inputs.Select(i => WantsCopy(node, i) ? Given(i) : Inside(i))];
            Tensor[] outputs = inputs.AsSpan().SequenceEqual(node.Inputs) ? node.Outputs : Node.Rebuild(node, inputs);
            for (int i = 0; i < outputs.Length; i++)
                _inside[node.Outputs[i]] = outputs[i];
        }

        Tensor[] results = [.. body.Outputs.Select(Inside)];
        _trace.DerivedFrom = null;
        return (new Graph(body.Name, _trace, _trace.Inputs, results, []), _constants);
    }

    private bool IsFixed(Node node) => node.Op is Literal or Iota
        || (node.Inputs.Any(_outside.ContainsKey) && node.Inputs.All(i => _outside.ContainsKey(i) || i.Node.Op is Constant));

    /// <summary>Whether an operation needs a view of constants dense in memory: then that is copied once outside. Products transpose as they read.</summary>
    private bool WantsCopy(Node user, Tensor tensor) =>
        user.Op.Kind == OpKind.Kernel && tensor.Node.Op is ViewOp && _outside.ContainsKey(tensor) && !(user.Op is MatMul && tensor.Node.Op is Transpose);

    private static bool IsView(Node node) => node.Op.Kind is OpKind.View or OpKind.Reshape;

    private void RecordOutside(Node node)
    {
        using Trace.RewriteScope scope = Trace.Rewrite(_outer);
        Origin? before = _outer?.DerivedFrom;
        if (_outer is not null)
            _outer.DerivedFrom = node.Origin;
        Tensor[] outputs = Node.Record(node.Op, [.. node.Inputs.Select(Outside)]);
        if (_outer is not null)
            _outer.DerivedFrom = before;
        for (int i = 0; i < outputs.Length; i++)
            _outside[node.Outputs[i]] = outputs[i];
    }

    private Tensor Outside(Tensor tensor) => _outside.TryGetValue(tensor, out Tensor? outside) ? outside : Node.Apply(tensor.Node.Op);

    /// <summary>What stands for a value in the new body.</summary>
    private Tensor Inside(Tensor tensor)
    {
        if (_inside.TryGetValue(tensor, out Tensor? inside))
            return inside;
        if (tensor.Node.Op is Input || !_outside.ContainsKey(tensor))
            return tensor;
        if (IsView(tensor.Node))
        {
            Tensor source = Inside(tensor.Node.Inputs[0]);
            return _inside[tensor] = source == tensor.Node.Inputs[0] ? tensor : Node.Rebuild(tensor.Node, [source])[0];
        }

        return _inside[tensor] = Given(tensor);
    }

    /// <summary>A further input of the body for a value that is the same at every step.</summary>
    private Tensor Given(Tensor tensor)
    {
        if (_given.TryGetValue(tensor, out Tensor? given))
            return given;
        _constants.Add(_outside[tensor]);
        return _given[tensor] = _trace.AddInput(tensor.Type, $"moved out {_constants.Count - 1}");
    }
}
