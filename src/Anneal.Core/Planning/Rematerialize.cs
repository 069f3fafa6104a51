using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;

namespace Anneal.Planning;

/// <summary>
/// Gives readers that come much later a copy of a cheap value of their own, which is computed when they need it from what is kept anyway:
/// the product that makes a weight's gradient reads an activation or a normalized value that would else lie in memory between the passes.
/// The same operations run on the same values, so results have the same bits.
/// </summary>
internal sealed class Rematerialize
{
    /// <summary>From this cost on, a loop that computes the inner values anyway also makes the copy.</summary>
    private const int SharedCost = 12;

    private readonly PassOptions _options;
    private readonly Readers _readers;
    private readonly KernelDepths _depths;

    // For each late reader the values of which it gets a copy.
    private readonly Dictionary<Node, List<Tensor>> _valuesOf = [];
    private readonly Dictionary<Tensor, int> _costs = [];

    private Rematerialize(Graph graph, PassOptions options) =>
        (_readers, _depths, _options) = (new Readers(graph), new KernelDepths(graph), options);

    internal static Graph Run(Graph graph, PassOptions options)
    {
        if (!options.Recompute || !options.FuseLoops)
            return graph;
        var pass = new Rematerialize(graph, options);
        foreach (Node node in graph.Nodes.Where(n => n.Op.Kind == OpKind.Elementwise))
            pass.Consider(node.Outputs[0]);
        return pass._valuesOf.Count == 0 ? graph : pass.Rewrite(graph);
    }

    private void Consider(Tensor value)
    {
        if (value.Type.ByteCount < _options.LeastCopiedBytes || !value.DType.IsFloating() || _readers.IsResult(value) || HeldBack(value.Node.Inputs, value) < 0)
            return;
        Node[] readers = [.. _readers.Of(value).Where(n => n.Op.Kind is OpKind.Elementwise or OpKind.Reduction or OpKind.Kernel).OrderBy(_depths.Of)];
        int split = Enumerable.Range(1, Math.Max(0, readers.Length - 1)).FirstOrDefault(i => _depths.Of(readers[i]) - _depths.Of(readers[i - 1]) >= _options.FarKernels);
        if (split == 0)
            return;
        Node[] late = readers[split..];
        if (!late.All(n => n.Op.Kind == OpKind.Kernel && TriggerOf(n, value) >= 0))
            return;
        Dictionary<Node, bool> known = [];
        if (!CanCompute(value, value, _depths.Of(late[0]) - 1, known))
            return;
        int cost = known.Where(k => k.Value).Sum(k => ((ElementwiseOp)k.Key.Op).Cost);
        if (cost > Recompute.MaximalCost)
            return;
        _costs[value] = cost;
        foreach (Node node in late)
        {
            if (!_valuesOf.TryGetValue(node, out List<Tensor>? values))
                _valuesOf[node] = values = [];
            values.Add(value);
        }
    }

    /// <summary>The input whose arrival tells that a reader can run soon, or -1.</summary>
    private int TriggerOf(Node reader, Tensor value) => Array.FindIndex(
        reader.Inputs, i => View.Root(i) != value && i.DType == value.DType && i.Shape.ElementCount > 0 && _depths.Of(i.Node) >= _depths.Of(reader) - 1);

    /// <summary>The operand of a copy that waits for the trigger, or -1.</summary>
    private static int HeldBack(Tensor[] inputs, Tensor value) => Array.FindIndex(inputs, i => i.Type == value.Type && i.Node.Op is not Constant);

    /// <summary>Whether a value follows by a few elementwise operations from others that live at a depth, or are small.</summary>
    private bool CanCompute(Tensor tensor, Tensor value, int depth, Dictionary<Node, bool> known)
    {
        Node node = tensor.Node;
        if (known.TryGetValue(node, out bool can))
            return can;
        if (node.Op.Kind != OpKind.Elementwise || known.Count == Fusion.MaximalLoopNodes)
            return false;
        known[node] = false;
        return known[node] = node.Inputs.All(i => CanCompute(i, value, depth, known) || IsAlive(View.Root(View.Of(i).Source), value, depth));
    }

    private bool IsAlive(Tensor root, Tensor value, int depth) => Recompute.IsKeptAnyway(root, value) || _readers.Of(root).Any(n => _depths.Of(n) >= depth);

    private Graph Rewrite(Graph graph)
    {
        var inputsOf = new Dictionary<Node, Tensor[]>();
        var copies = new Dictionary<Tensor, Tensor>();
        return graph.Rewrite((node, inputs) =>
        {
            if (node.Inputs.Length == 0)
                return null;
            inputsOf[node] = inputs;
            if (_valuesOf.TryGetValue(node, out List<Tensor>? values))
                inputs = [.. inputs.Select((x, i) => values.Find(v => v == View.Root(node.Inputs[i])) is { } value ? CopyFor(node, value).Reshape(x.Shape) : x)];

            // All nodes anew, so that their numbers follow the order of the graph.
            return Node.Rebuild(node, inputs);
        });

        // Of the readers, the first to be rewritten depends on no other: it can wait for its other input without making a circle.
        Tensor CopyFor(Node reader, Tensor value)
        {
            if (copies.TryGetValue(value, out Tensor? copy))
                return copy;
            Tensor trigger = inputsOf[reader][TriggerOf(reader, value)];
            for (int axis = 0; axis < trigger.Shape.Rank; axis++)
                trigger = trigger.Narrow(axis, 0, 1);
            Tensor[] inputs = [.. inputsOf[value.Node]];
            int first = HeldBack(inputs, value);
            inputs[first] = Node.Apply(new Later(_costs[value] >= SharedCost), inputs[first], trigger.Reshape(Shape.Scalar).BroadcastTo(value.Shape));
            return copies[value] = Node.Rebuild(value.Node, inputs)[0];
        }
    }
}
