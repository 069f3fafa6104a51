using System.Runtime.CompilerServices;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;

namespace Anneal.Planning;

/// <summary>
/// Joins elementwise operations and reductions into loops, and loops to the kernels whose results they finish. Nodes are visited from
/// the last to the first, and each joins its consumers where that makes no cycle: so cheap nodes sink to where they are used.
/// </summary>
internal sealed class Fusion
{
    /// <summary>Beyond this many nodes a loop's registers no longer fit the processor's.</summary>
    internal const int MaximalLoopNodes = 40;

    private readonly Graph _graph;
    private readonly Func<Op, DType, bool> _canFuseEpilogue;
    private readonly Dictionary<Node, Group> _groupOf = [];

    // From a group to those that use its results: directly, element by element, or in another way (through a view, as a kernel).
    private readonly Dictionary<Group, HashSet<Group>> _direct = [];
    private readonly Dictionary<Group, HashSet<Group>> _indirect = [];

    // From a group to those whose results it uses, in either way.
    private readonly Dictionary<Group, HashSet<Group>> _producers = [];
    private readonly Readers _readers;

    // Searches run by the thousand: a number tells which groups the present one has seen.
    private readonly List<Group> _open = [];
    private int _search;

    private Fusion(Graph graph, Func<Op, DType, bool> canFuseEpilogue) => (_graph, _canFuseEpilogue, _readers) = (graph, canFuseEpilogue, new Readers(graph));

    /// <summary>The groups, and the group of each node that belongs to one.</summary>
    internal static (IReadOnlyList<Group> Groups, IReadOnlyDictionary<Node, Group> GroupOf) Run(
        Graph graph, Func<Op, DType, bool> canFuseEpilogue, PassOptions options)
    {
        var fusion = new Fusion(graph, canFuseEpilogue);
        foreach (Node node in graph.Nodes)
        {
            if (node.Op.Kind is OpKind.Elementwise or OpKind.Reduction or OpKind.Kernel)
                fusion._groupOf[node] = new Group(node);
        }

        fusion.Connect();
        if (options.FuseLoops)
        {
            fusion.JoinLoops();
            fusion.JoinSiblings();
        }

        if (options.FuseEpilogues)
            fusion.JoinEpilogues();
        Group[] groups = [.. fusion._groupOf.Values.Distinct().OrderBy(g => g.Id)];
        return (groups, fusion._groupOf);
    }

    /// <summary>Records which group uses which.</summary>
    private void Connect()
    {
        foreach (Group group in _groupOf.Values)
            (_direct[group], _indirect[group], _producers[group]) = ([], [], []);
        foreach ((Node node, Group group) in _groupOf)
        {
            foreach (Tensor input in node.Inputs)
            {
                if (group.IsLoop && _groupOf.TryGetValue(input.Node, out Group? producer) && input.Node.Op.Kind == OpKind.Elementwise)
                {
                    _direct[producer].Add(group);
                    _producers[group].Add(producer);
                    continue;
                }

                Tensor source = View.Root(group.IsLoop ? View.Of(input).Source : input);
                if (_groupOf.TryGetValue(source.Node, out producer) && producer != group)
                {
                    _indirect[producer].Add(group);
                    _producers[group].Add(producer);
                }
            }
        }
    }

    private void JoinLoops()
    {
        for (int n = _graph.Nodes.Length - 1; n >= 0; n--)
        {
            if (!_groupOf.TryGetValue(_graph.Nodes[n], out Group? group) || _graph.Nodes[n].Op.Kind != OpKind.Elementwise)
                continue;
            foreach (Group consumer in _direct[group].OrderBy(g => g.Id).ToArray())
            {
                if (consumer != group && group.Matches(consumer) && group.Nodes.Count + consumer.Nodes.Count <= MaximalLoopNodes
                    && MayJoin(group, consumer))
                {
                    Join(group, consumer);
                }
            }
        }
    }

    /// <summary>Joins loops that make a copy of a value for later to a loop that computes from the same values.</summary>
    private void JoinSiblings()
    {
        foreach (Node node in _graph.Nodes.Where(n => n.Op is Later { JoinsSibling: true }))
        {
            Group group = _groupOf[node];
            Group? sibling = _producers[group].Where(p => _direct[p].Contains(group)).SelectMany(p => _direct[p]).Distinct().OrderBy(g => g.Id).FirstOrDefault(
                g => g != group && g.Matches(group) && g.Nodes.Count + group.Nodes.Count <= MaximalLoopNodes && g.Reduction is not null && MayJoin(g, group));
            if (sibling is not null)
                Join(sibling, group);
        }
    }

    /// <summary>Whether the groups exchange values element by element only, and no path through a third leads from one to the other.</summary>
    private bool MayJoin(Group producer, Group consumer) =>
        !_indirect[producer].Contains(consumer) && !_indirect[consumer].Contains(producer)
        && !Reaches(producer, consumer) && !Reaches(consumer, producer);

    /// <summary>Whether a path through a third group leads from one to the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Reaches(Group from, Group to)
    {
        _search++;
        _open.Clear();
        from.Visit = to.Visit = _search;
        foreach (Group next in _direct[from])
            Open(next);
        foreach (Group next in _indirect[from])
            Open(next);
        while (_open.Count > 0)
        {
            Group group = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            HashSet<Group> direct = _direct[group], indirect = _indirect[group];
            if (direct.Contains(to) || indirect.Contains(to))
                return true;
            foreach (Group next in direct)
                Open(next);
            foreach (Group next in indirect)
                Open(next);
        }

        return false;
    }

    private void Open(Group group)
    {
        if (group.Visit == _search)
            return;
        group.Visit = _search;
        _open.Add(group);
    }

    private void Join(Group kept, Group gone)
    {
        kept.Absorb(gone);
        foreach (Node node in gone.Nodes)
            _groupOf[node] = kept;
        Redirect(kept, gone);
    }

    private void Redirect(Group kept, Group gone)
    {
        foreach (Dictionary<Group, HashSet<Group>> edges in (Dictionary<Group, HashSet<Group>>[])[_direct, _indirect])
        {
            foreach (Group target in edges[gone])
                Replace(_producers[target], kept, gone, target);
            edges[kept].UnionWith(edges[gone]);
            edges[kept].Remove(kept);
            edges[kept].Remove(gone);
            edges.Remove(gone);
            foreach (Group producer in _producers[gone])
            {
                if (edges.TryGetValue(producer, out HashSet<Group>? targets) && targets.Contains(gone))
                    Replace(targets, kept, gone, producer);
            }
        }

        _producers[kept].UnionWith(_producers[gone]);
        _producers[kept].Remove(kept);
        _producers[kept].Remove(gone);
        _producers.Remove(gone);
    }

    /// <summary>Puts a group in the place of another, except where it would be its own neighbour.</summary>
    private static void Replace(HashSet<Group> neighbours, Group kept, Group gone, Group owner)
    {
        neighbours.Remove(gone);
        if (owner != kept)
            neighbours.Add(kept);
    }

    private void JoinEpilogues()
    {
        foreach (Node node in _graph.Nodes)
        {
            if (node.Op.Kind != OpKind.Kernel || !_canFuseEpilogue(node.Op, node.Outputs[0].DType))
                continue;
            Group kernel = _groupOf[node];
            foreach (Group loop in _indirect[kernel].OrderBy(g => g.Id).ToArray())
            {
                if (!loop.IsLoop || loop.Reduction is not null || !ReadsDense(loop, node.Outputs[0]) || Reaches(kernel, loop))
                    continue;
                kernel.Epilogue = loop;
                foreach (Node member in loop.Nodes)
                    _groupOf[member] = kernel;
                Redirect(kernel, loop);
                break;
            }
        }
    }

    /// <summary>Whether a loop reads all of a kernel's result in its order, and is a loop over its rows and columns.</summary>
    private bool ReadsDense(Group loop, Tensor result)
    {
        bool reads = false;
        foreach (Tensor input in loop.Nodes.SelectMany(n => n.Inputs))
        {
            View view = View.Of(input);
            if (View.Root(view.Source) != result)
                continue;
            if (!view.IsDense(loop.Space))
                return false;
            reads = true;
        }

        return reads && LoopBuilder.Build(loop, _readers, _groupOf).Loop.AsMatrix(result.Shape[^1]) is not null;
    }
}
