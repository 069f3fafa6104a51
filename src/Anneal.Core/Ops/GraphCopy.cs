using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>Records nodes of one trace again in another.</summary>
internal static class GraphCopy
{
    /// <summary>
    /// Records what leads to some values in the current trace. <paramref name="copies"/> says what stands for values that are there already;
    /// what is recorded is added to it.
    /// </summary>
    internal static void Record(IEnumerable<Tensor> values, Dictionary<Tensor, Tensor> copies)
    {
        Tensor[] roots = [.. values];
        var needed = new HashSet<Tensor>(roots);
        Node[] nodes = new Graph("copy", null, [], roots, []).Nodes;
        for (int i = nodes.Length - 1; i >= 0; i--)
        {
            if (nodes[i].Outputs.Any(o => needed.Contains(o) && !copies.ContainsKey(o)))
                needed.UnionWith(nodes[i].Inputs);
        }

        Trace? trace = Trace.Current;
        Origin? before = trace?.DerivedFrom;
        foreach (Node node in nodes)
        {
            if (!node.Outputs.Any(o => needed.Contains(o) && !copies.ContainsKey(o)))
                continue;
            if (trace is not null)
                trace.DerivedFrom = node.Origin;
            Tensor[] outputs = Node.Record(node.Op, [.. node.Inputs.Select(i => copies[i])]);
            for (int i = 0; i < outputs.Length; i++)
                copies.TryAdd(node.Outputs[i], outputs[i]);
        }

        if (trace is not null)
            trace.DerivedFrom = before;
    }
}
