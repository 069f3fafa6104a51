using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;

namespace Anneal.Planning;

/// <summary>
/// Finds values that loops compute again from what lies in memory anyway instead of loading them: the inner values of an activation that
/// its gradient needs, above all. Saves their memory between the passes, and the time to write and to read it. The same operations run on
/// the same values, so results have the same bits.
/// </summary>
internal sealed class Recompute
{
    /// <summary>What one loop may compute again for each element, in additions; reading a value from memory takes about as long.</summary>
    internal const int MaximalCost = 40;

    /// <summary>A value this much smaller than the one that is computed from it, such as a sum of each row, may be kept for it.</summary>
    private const int SmallShare = 8;

    private readonly Readers _readers;
    private readonly IReadOnlyDictionary<Node, Group> _groupOf;
    private readonly Dictionary<Node, Group> _loopOf = [];

    // Who reads a value for computing another one again.
    private readonly Dictionary<Tensor, List<(Node Reader, Group Loop)>> _laterReaders = [];
    private readonly HashSet<Tensor> _dropped = [];

    private readonly KernelDepths _depths;

    private Recompute(Graph graph, IReadOnlyDictionary<Node, Group> groupOf) =>
        (_readers, _depths, _groupOf) = (new Readers(graph), new KernelDepths(graph), groupOf);

    /// <summary>Sets <see cref="Group.Recomputed"/> of the loops among the groups and their epilogues.</summary>
    internal static void Run(Graph graph, IReadOnlyList<Group> groups, IReadOnlyDictionary<Node, Group> groupOf, PassOptions options)
    {
        if (!options.Recompute)
            return;
        var pass = new Recompute(graph, groupOf);
        Group[] loops = [.. groups.Select(g => g.IsLoop ? g : g.Epilogue).OfType<Group>()];
        foreach (Group loop in loops)
        {
            foreach (Node node in loop.Nodes)
                pass._loopOf[node] = loop;
        }

        // Consumers before their producers, so that a producer knows who reads it in the end.
        foreach (Group loop in loops.OrderByDescending(g => g.Id))
            pass.DropResults(loop);
    }

    private void DropResults(Group producer)
    {
        Tensor[] stored = [.. producer.Nodes.Where(n => n.Op.Kind == OpKind.Elementwise).OrderByDescending(n => n.Id).Select(n => n.Outputs[0]).Where(IsStored)];
        int left = stored.Length + producer.Nodes.Count(n => n.Op.Kind == OpKind.Reduction);
        foreach (Tensor value in stored)
        {
            // A loop that stores nothing would have to vanish.
            if (left > 1 && TryDrop(value, producer))
                left--;
        }
    }

    private bool IsStored(Tensor value) =>
        !_dropped.Contains(value) && (_readers.IsResult(value) || _laterReaders.ContainsKey(value)
            || _readers.Of(value).Any(n => _groupOf.ContainsKey(n) && _loopOf.GetValueOrDefault(n) != _loopOf[value.Node]));

    /// <summary>Lets all readers compute the value again, or changes nothing.</summary>
    private bool TryDrop(Tensor value, Group producer)
    {
        if (FindReaders(value, producer) is not { } consumers)
            return false;
        _dropped.Add(value);
        var chains = new List<(Group Consumer, HashSet<Node> Chain)>();
        foreach (Group consumer in consumers)
        {
            if (FindChain(value, consumer) is not { } chain)
            {
                _dropped.Remove(value);
                return false;
            }

            chains.Add((consumer, chain));
        }

        foreach ((Group consumer, HashSet<Node> chain) in chains)
        {
            foreach (Node node in chain)
                consumer.Recomputed.Add(node);
            foreach (Node node in chain)
                AddReads(node, consumer);
        }

        return true;
    }

    /// <summary>The loops that read a value element by element, or null where something else needs it too.</summary>
    private HashSet<Group>? FindReaders(Tensor value, Group producer)
    {
        if (_readers.IsResult(value))
            return null;
        var loops = new HashSet<Group>();
        IEnumerable<(Node, Group?)> all = _readers.Of(value).Where(_groupOf.ContainsKey).Select(n => (n, _loopOf.GetValueOrDefault(n)))
            .Concat(_laterReaders.GetValueOrDefault(value, []).Select(r => (r.Reader, (Group?)r.Loop)));
        foreach ((Node node, Group? loop) in all)
        {
            if (loop == producer)
                continue;
            if (loop is null || loop.Space != producer.Space || node.Inputs.Any(i => i != value && View.Root(View.Of(i).Source) == value))
                return null;
            loops.Add(loop);
        }

        return loops;
    }

    /// <summary>The nodes that a loop needs for computing a value again, or null where that is too much or would keep more memory.</summary>
    private HashSet<Node>? FindChain(Tensor value, Group consumer)
    {
        HashSet<Node> chain = [];
        HashSet<Tensor> loaded = [.. consumer.Computed.SelectMany(n => n.Inputs)];
        var open = new Stack<Node>([value.Node]);
        while (open.TryPop(out Node? node))
        {
            if (consumer.Computes(node) || !chain.Add(node))
                continue;
            foreach (Tensor input in node.Inputs)
            {
                Tensor root = View.Root(View.Of(input).Source);
                bool isElement = input.Node.Op.Kind == OpKind.Elementwise && _loopOf.ContainsKey(input.Node);
                if (isElement && (_dropped.Contains(input) || (_loopOf[input.Node] == _loopOf[value.Node] && !IsStored(input))))
                    open.Push(input.Node);
                else if (!(isElement && _loopOf[input.Node] == _loopOf[value.Node]) && !IsKeptAnyway(root, value) && !loaded.Contains(input)
                    && !IsReadAsLate(root, value, consumer))
                    return null;
            }
        }

        int cost = consumer.Recomputed.Concat(chain).Sum(n => ((ElementwiseOp)n.Op).Cost);
        return cost <= MaximalCost && consumer.Computed.Count() + chain.Count <= Fusion.MaximalLoopNodes && StaysMatrix(consumer, chain) ? chain : null;
    }

    /// <summary>Whether a value lives as long as a loop needs it because of another reader.</summary>
    private bool IsReadAsLate(Tensor root, Tensor value, Group consumer)
    {
        int depth = consumer.Nodes.Max(_depths.Of);
        return _readers.Of(root).Any(n => _groupOf.TryGetValue(n, out Group? group) && group != consumer
            && _loopOf.GetValueOrDefault(n) != _loopOf[value.Node] && _depths.Of(n) >= depth);
    }

    internal static bool IsKeptAnyway(Tensor root, Tensor value) =>
        root.Node.Op.Kind == OpKind.Leaf || root.Type.ByteCount * SmallShare <= value.Type.ByteCount;

    /// <summary>Whether an epilogue remains a loop over rows and columns with what it would load then.</summary>
    private bool StaysMatrix(Group consumer, HashSet<Node> chain)
    {
        if (!_groupOf.TryGetValue(consumer.Nodes[0], out Group? owner) || owner.Epilogue != consumer)
            return true;
        Node[] before = [.. consumer.Recomputed];
        consumer.Recomputed.UnionWith(chain);
        bool stays = LoopBuilder.Build(consumer, _readers, _groupOf).Loop.AsMatrix(owner.Kernel!.Outputs[0].Shape[^1]) is not null;
        consumer.Recomputed.Clear();
        consumer.Recomputed.UnionWith(before);
        return stays;
    }

    private void AddReads(Node node, Group consumer)
    {
        foreach (Tensor input in node.Inputs)
        {
            if (consumer.Computes(input.Node))
                continue;
            Tensor root = View.Root(View.Of(input).Source);
            if (!_laterReaders.TryGetValue(root, out List<(Node, Group)>? readers))
                _laterReaders[root] = readers = [];
            readers.Add((node, consumer));
        }
    }
}
