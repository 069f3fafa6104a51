using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Execution;

/// <summary>Computes lazy tensors: compiles what leads to one, keyed by structure, so that a loop of the same shape compiles once.</summary>
internal static class LazyRunner
{
    /// <summary>A chain that nobody reads would grow for ever; this many nodes is a mistake.</summary>
    private const int MaximalNodes = 20_000;

    private const int CacheSize = 64;
    private const long LargestKept = 1 << 20;
    private static readonly Lock Gate = new();
    private static readonly Dictionary<(Device, string), (CompiledGraph Compiled, long LastUse)> Cache = [];
    private static long _uses;

    internal static unsafe TensorData Run(Tensor tensor)
    {
        if (tensor.Node.Trace is { } trace)
        {
            throw new TraceException(
                $"A value of the trace \"{trace.Name}\" cannot be read while it is being traced: it is known only when the program runs. "
                + $"It was recorded at: {tensor.Node.Origin}. Hint: return it from the traced function.");
        }

        (Graph graph, List<TensorData> leaves) = Abstract(tensor);
        CompiledGraph compiled = CompileCached(graph);
        ProgramContext context = compiled.Rent();
        for (int i = 0; i < leaves.Count; i++)
            Buffer.MemoryCopy(leaves[i].Pointer, context.Inputs[i].Pointer, leaves[i].Type.ByteCount, leaves[i].Type.ByteCount);
        GC.KeepAlive(leaves);
        context.Run();
        var result = new TensorData(tensor.Type);
        Buffer.MemoryCopy(context.Outputs[0].Pointer, result.Pointer, result.Type.ByteCount, result.Type.ByteCount);

        // Large memory is not kept for an expression that may never come again.
        if (compiled.ArenaBytes + result.Type.ByteCount + leaves.Sum(l => l.Type.ByteCount) < LargestKept)
            compiled.Return(context);
        return result;
    }

    /// <summary>Turns the leaves (literals, variables, tensors that were read) into inputs, so that only the structure remains.</summary>
    private static (Graph Graph, List<TensorData> Leaves) Abstract(Tensor root)
    {
        List<Node> nodes = NeededNodes(root);
        if (nodes.Count > MaximalNodes)
        {
            throw new TraceException(
                $"A chain of {nodes.Count} operations has grown without being read (at most {MaximalNodes} are allowed). "
                + "Hint: read a value now and then, or use Program.Compile.");
        }

        using var trace = new Trace("lazy", training: false);
        var leaves = new List<TensorData>();
        var replaced = new Dictionary<Tensor, Tensor>();
        foreach (Node node in nodes)
        {
            if (node.Op is Constant or Iota)
            {
                replaced[node.Outputs[0]] = Node.Apply(node.Op);
                continue;
            }

            if (LeafData(node) is { } data)
            {
                leaves.Add(data);
                replaced[node.Outputs[0]] = trace.AddInput(data.Type, $"{leaves.Count - 1}");
                continue;
            }

            Tensor[] outputs = Node.Record(node.Op, node.Inputs.Select(i => replaced[i]).ToArray());
            for (int i = 0; i < outputs.Length; i++)
                replaced[node.Outputs[i]] = outputs[i];
        }

        return (new Graph("lazy", trace, trace.Inputs, [replaced[root]], []), leaves);
    }

    private static List<Node> NeededNodes(Tensor root)
    {
        var order = new List<Node>();
        var seen = new HashSet<Node>();
        var stack = new Stack<(Node Node, bool Done)>([(root.Node, false)]);
        while (stack.TryPop(out (Node Node, bool Done) top))
        {
            if (top.Done)
            {
                order.Add(top.Node);
                continue;
            }

            if (!seen.Add(top.Node))
                continue;
            stack.Push((top.Node, true));
            foreach (Tensor input in top.Node.Inputs)
                stack.Push((input.Node, false));
        }

        return order;
    }

    private static TensorData? LeafData(Node node) => node.Op switch
    {
        Literal literal => literal.Data,
        ReadVariable read when read.Version == read.Variable.Version => read.Variable.Storage,
        ReadVariable read => throw new TraceException(
            $"The variable {read.Variable.Name} changed after a tensor was computed from it and before that tensor was read. "
            + "Hint: read the tensor before changing the variable."),
        _ => null,
    };

    private static CompiledGraph CompileCached(Graph graph)
    {
        (Device, string) key = (Device.Default, Printer.Print(graph));
        lock (Gate)
        {
            if (!Cache.TryGetValue(key, out (CompiledGraph Compiled, long LastUse) entry))
            {
                entry.Compiled = CompiledGraph.Compile(graph);
                if (Cache.Count >= CacheSize)
                    Cache.Remove(Cache.MinBy(e => e.Value.LastUse).Key);
            }

            Cache[key] = (entry.Compiled, ++_uses);
            return entry.Compiled;
        }
    }
}
