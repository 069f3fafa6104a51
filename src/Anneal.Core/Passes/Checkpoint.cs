using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Passes;

/// <summary>
/// Gradient checkpointing (Chen et al., 2016), as a rewriting of a whole training step: of the values inside of a segment of layers only
/// those that leave it are kept; what the backward pass needs of the others is computed again when the gradient arrives there. The
/// recomputation repeats the same operations on the same values, random ones included. Sums over them may be fused with others and
/// so be made in another order: results agree but for roundings, and bit for bit in most networks without loops over time.
/// </summary>
internal sealed class Checkpoint
{
    private const int Outside = -1;
    private readonly Graph _graph;
    private readonly long _lastForward;
    private readonly Func<Node, int> _segmentOf;
    private readonly HashSet<Tensor> _kept = [];
    private readonly Dictionary<int, Tensor> _tokens = [];
    private readonly Dictionary<Tensor, Tensor> _copies = [];
    private readonly Dictionary<(int, Tensor), Tensor> _guarded = [];
    private readonly Dictionary<Tensor, Tensor> _replaced = [];

    private Checkpoint(Graph graph, long lastForward, Func<Node, int> segmentOf) => (_graph, _lastForward, _segmentOf) = (graph, lastForward, segmentOf);

    /// <summary>Rewrites a step.</summary>
    /// <param name="graph">Forward, backward and updates, as recorded.</param>
    /// <param name="lastForward">The highest <see cref="Node.Id"/> of the forward pass.</param>
    /// <param name="layersPerSegment">How many layers that follow each other in the model form a segment.</param>
    internal static Graph Run(Graph graph, long lastForward, int layersPerSegment)
    {
        var layers = new Dictionary<string, int>();
        foreach (Node node in graph.Nodes.Where(n => n.Id <= lastForward && n.Op.Kind != OpKind.Leaf).OrderBy(n => n.Id))
        {
            if (LayerOf(node) is { } layer)
                layers.TryAdd(layer, layers.Count);
        }

        return new Checkpoint(graph, lastForward, n => LayerOf(n) is { } layer && layers.TryGetValue(layer, out int index) ? index / layersPerSegment : Outside).Rewrite();
    }

    /// <summary>The layer directly inside of the model to which a node belongs, or null.</summary>
    private static string? LayerOf(Node node)
    {
        string[] path = node.Origin.LayerPath.Split('/');
        return path.Length < 2 ? null : path[1];
    }

    private bool IsForward(Node node) => node.Id <= _lastForward;

    private Graph Rewrite()
    {
        FindKept();
        FindTokens();
        using Trace.RewriteScope scope = Trace.Rewrite(_graph.Trace);
        foreach (Node node in _graph.Nodes.Where(n => !IsForward(n)).OrderBy(n => n.Id))
        {
            Tensor[] inputs = [.. node.Inputs.Select(i => IsForward(i.Node) ? Recompute(i, node) : _replaced.GetValueOrDefault(i, i))];
            if (inputs.AsSpan().SequenceEqual(node.Inputs))
                continue;
            Tensor[] outputs = Rebuild(node, inputs);
            for (int i = 0; i < outputs.Length; i++)
                _replaced[node.Outputs[i]] = outputs[i];
        }

        Tensor Replace(Tensor tensor) => _replaced.GetValueOrDefault(tensor, tensor);
        return new Graph(
            _graph.Name, _graph.Trace, _graph.Inputs, _graph.Outputs.Select(Replace), _graph.Updates.Select(u => u with { Value = Replace(u.Value) }));
    }

    /// <summary>What is kept: leaves, what leaves a segment or belongs to none, and results.</summary>
    private void FindKept()
    {
        foreach (Node node in _graph.Nodes.Where(IsForward))
        {
            int segment = _segmentOf(node);
            if (node.Op.Kind == OpKind.Leaf || segment == Outside)
                _kept.UnionWith(node.Outputs);
            foreach (Tensor input in node.Inputs)
            {
                if (_segmentOf(input.Node) != segment)
                    _kept.Add(input);
            }
        }

        _kept.UnionWith(_graph.Outputs);
        _kept.UnionWith(_graph.Updates.Select(u => u.Value));
    }

    /// <summary>For each segment the first gradient that arrives from outside of it: before that nothing needs to be computed again.</summary>
    private void FindTokens()
    {
        foreach (Node node in _graph.Nodes.Where(n => !IsForward(n)).OrderBy(n => n.Id))
        {
            int segment = _segmentOf(node);
            if (segment == Outside || _tokens.ContainsKey(segment))
                continue;
            Tensor? arriving = node.Inputs.FirstOrDefault(i => !IsForward(i.Node) && i.Node.Inputs.Length > 0 && _segmentOf(i.Node) != segment);
            if (arriving is not null)
                _tokens.Add(segment, arriving);
        }
    }

    private Tensor Recompute(Tensor tensor, Node user)
    {
        // A user that is older than the arriving gradient would wait for what may wait for it.
        bool canWait = _tokens.TryGetValue(_segmentOf(tensor.Node), out Tensor? token) && token.Node.Id < user.Id;
        if (_kept.Contains(tensor) || !canWait)
            return tensor;
        if (_copies.TryGetValue(tensor, out Tensor? copy))
            return copy;
        Node node = tensor.Node;
        int segment = _segmentOf(node);
        Tensor[] outputs = Rebuild(node, [.. node.Inputs.Select(i => _kept.Contains(i) ? Guard(i, segment) : Recompute(i, user))]);
        for (int i = 0; i < outputs.Length; i++)
            _copies[node.Outputs[i]] = outputs[i];
        return _copies[tensor];
    }

    /// <summary>A kept value for a recomputation. Parameters and constants need no guard: what depends on them alone is computed once.</summary>
    private Tensor Guard(Tensor kept, int segment)
    {
        bool isFree = kept.Node.Op is Constant or Literal || (kept.Node.Op is ReadVariable && kept.DType.IsFloating());
        if (isFree)
            return kept;
        if (_guarded.TryGetValue((segment, kept), out Tensor? guarded))
            return guarded;

        // A view stays one: sums read it in the order of its memory, which a copy would change.
        bool isView = kept.Node.Op.Kind is OpKind.View or OpKind.Reshape && kept.Node.Inputs[0].Shape.ElementCount <= kept.Shape.ElementCount;
        return _guarded[(segment, kept)] = isView
            ? Rebuild(kept.Node, [Guard(kept.Node.Inputs[0], segment)])[0]
            : Node.Apply(new After(), kept, _replaced.GetValueOrDefault(_tokens[segment], _tokens[segment]));
    }

    private Tensor[] Rebuild(Node node, Tensor[] inputs)
    {
        if (_graph.Trace is { } trace)
            trace.DerivedFrom = node.Origin;
        try
        {
            return Node.Rebuild(node, inputs);
        }
        finally
        {
            if (_graph.Trace is { } done)
                done.DerivedFrom = null;
        }
    }
}
