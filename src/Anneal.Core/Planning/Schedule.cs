using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Passes;

namespace Anneal.Planning;

/// <summary>
/// The order in which groups run: each after those whose results it uses, and the writer of a variable after its readers where that is
/// possible. Among the groups that are ready, the one that frees the most memory goes first, then the one recorded first.
/// </summary>
internal sealed class Schedule
{
    private readonly Dictionary<Group, HashSet<Group>> _successors = [];
    private readonly Dictionary<Group, HashSet<Group>> _predecessors = [];
    private readonly Dictionary<Group, Tensor[]> _reads = [];
    private readonly Dictionary<Variable, List<Group>> _readersOf = [];

    /// <summary>The updates whose new value may be written straight to the variable: every other reader has run before.</summary>
    internal HashSet<Update> InPlace { get; } = [];

    internal List<Group> Order { get; } = [];

    internal static Schedule Make(Graph graph, IReadOnlyList<Group> groups, IReadOnlyDictionary<Node, Group> groupOf, PassOptions options)
    {
        var schedule = new Schedule();
        foreach (Group group in groups)
            (schedule._successors[group], schedule._predecessors[group]) = ([], []);
        foreach (Group group in groups)
        {
            foreach (Tensor source in schedule._reads[group] = [.. group.Reads.Distinct()])
            {
                if (source.Node.Op is ReadVariable read)
                    schedule.AddReader(read.Variable, group);
                if (groupOf.TryGetValue(source.Node, out Group? producer) && producer != group)
                    schedule.AddEdge(producer, group);
            }
        }

        foreach (Update update in graph.Updates.Where(_ => options.UpdateInPlace))
            schedule.OrderReadersFirst(update, groupOf);
        schedule.Sort(groups);
        return schedule;
    }

    /// <summary>The values whose memory a node reads.</summary>
    internal static IEnumerable<Tensor> Sources(Node node) =>
        node.Inputs.Select(i => View.Root(node.Op.Kind == OpKind.Kernel ? i : View.Of(i).Source));

    private void AddEdge(Group from, Group to)
    {
        _successors[from].Add(to);
        _predecessors[to].Add(from);
    }

    private void AddReader(Variable variable, Group group)
    {
        if (!_readersOf.TryGetValue(variable, out List<Group>? readers))
            _readersOf[variable] = readers = [];
        if (readers.Count == 0 || readers[^1] != group)
            readers.Add(group);
    }

    private void OrderReadersFirst(Update update, IReadOnlyDictionary<Node, Group> groupOf)
    {
        Group writer = groupOf[View.Root(update.Value).Node];
        Group[] readers = [.. _readersOf.GetValueOrDefault(update.Variable, []).Where(g => g != writer)];
        if (!MayOverwrite(writer, update) || readers.Any(r => Reaches(writer, r)))
            return;
        foreach (Group reader in readers)
            AddEdge(reader, writer);
        InPlace.Add(update);
    }

    private static bool IsRead(Tensor tensor, Variable variable) => tensor.Node.Op is ReadVariable read && read.Variable == variable;

    /// <summary>Whether the group that computes the new value may write it over the old one while it reads that.</summary>
    private static bool MayOverwrite(Group writer, Update update)
    {
        if (writer.Kernel is { } kernel)
        {
            // A kernel reads its operands for other blocks while it writes the first; and where its own result is the new value, that lies in
            // the variable before the epilogue reads the old one.
            bool isResult = View.Root(update.Value).Node == kernel;
            IEnumerable<Tensor> early = isResult ? writer.Reads : Sources(kernel);
            if (isResult && kernel.Op.OverwrittenInput is { } overwritten)
                early = kernel.Inputs.Where((_, i) => i != overwritten).Select(View.Root);
            if (early.Any(s => IsRead(s, update.Variable)))
                return false;
        }

        foreach (Node node in writer.AllNodes.Where(n => n != writer.Kernel).Concat(writer.Recomputed).Concat(writer.Epilogue?.Recomputed ?? []))
        {
            foreach (Tensor input in node.Inputs)
            {
                View view = View.Of(input);
                if (IsRead(View.Root(view.Source), update.Variable) && !(input.Shape == update.Variable.Shape && view.IsDense(input.Shape)))
                    return false;
            }
        }

        return true;
    }

    private bool Reaches(Group from, Group to)
    {
        var seen = new HashSet<Group>();
        var stack = new Stack<Group>([from]);
        while (stack.TryPop(out Group? group))
        {
            if (group == to)
                return true;
            if (!seen.Add(group))
                continue;
            foreach (Group next in _successors[group])
                stack.Push(next);
        }

        return false;
    }

    private void Sort(IReadOnlyList<Group> groups)
    {
        Dictionary<Group, int> open = groups.ToDictionary(g => g, g => _predecessors[g].Count);
        Dictionary<Tensor, int> uses = [];
        foreach (Tensor tensor in _reads.Values.SelectMany(r => r))
            uses[tensor] = uses.GetValueOrDefault(tensor) + 1;
        var ready = groups.Where(g => open[g] == 0).ToList();
        while (ready.Count > 0)
        {
            Group next = ready.MinBy(g => (MemoryChange(g, _reads[g], uses), g.Id))!;
            ready.Remove(next);
            Order.Add(next);
            foreach (Tensor tensor in _reads[next])
                uses[tensor]--;
            foreach (Group successor in _successors[next])
            {
                if (--open[successor] == 0)
                    ready.Add(successor);
            }
        }

        if (Order.Count != groups.Count)
            throw new GraphException("The groups of the plan depend on each other in a circle.");
    }

    /// <summary>The bytes that a group adds less those that it frees.</summary>
    private static long MemoryChange(Group group, Tensor[] reads, Dictionary<Tensor, int> uses)
    {
        // What has waited long enough holds up readers that free more than it takes.
        if (group.AllNodes.Any(n => n.Op is Later))
            return long.MinValue;
        long change = 0;
        foreach (Node node in group.AllNodes)
        {
            foreach (Tensor output in node.Outputs)
                change += uses.ContainsKey(output) ? output.Type.ByteCount : 0;
        }

        foreach (Tensor tensor in reads)
            change -= uses[tensor] == 1 && tensor.Node.Op.Kind != OpKind.Leaf ? tensor.Type.ByteCount : 0;
        return change;
    }
}
