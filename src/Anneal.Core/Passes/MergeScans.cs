using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Passes;

/// <summary>
/// Joins scans that run the same steps and differ only in what they stack: a gradient asks for a forward scan with more outputs, and both
/// are computed by one. They are recognised by the nodes of their bodies, so this pass comes before any that rebuilds these.
/// </summary>
internal static class MergeScans
{
    internal static Graph Run(Graph graph)
    {
        Dictionary<Key, Tensor[]> outputsOf = [];
        foreach (Node node in graph.Nodes)
        {
            if (node.Op is Scan scan)
                outputsOf[new Key(node)] = [.. outputsOf.GetValueOrDefault(new Key(node), []).Concat(scan.Inner.Outputs[scan.CarryCount..]).Distinct()];
        }

        var merged = new Dictionary<Key, Tensor[]>();
        return graph.Rewrite((node, inputs) =>
        {
            if (node.Op is not Scan scan)
                return null;
            var key = new Key(node);
            Tensor[] stacked = outputsOf[key], own = scan.Inner.Outputs[scan.CarryCount..];
            if (!merged.TryGetValue(key, out Tensor[]? results))
            {
                // Node.Rebuild would keep the operation.
                Graph body = new(scan.Inner.Name, scan.Inner.Trace, scan.Inner.Inputs, scan.Inner.Outputs[..scan.CarryCount].Concat(stacked), []);
                results = stacked.AsSpan().SequenceEqual(own) ? Node.Rebuild(node, inputs) : Node.Record(scan with { Body = new ScanBody(body) }, inputs);
                merged.Add(key, results);
            }

            return [.. results[..scan.CarryCount], .. own.Select(o => results[scan.CarryCount + Array.IndexOf(stacked, o)])];
        });
    }

    /// <summary>What scans share whose steps are the same computation.</summary>
    private sealed class Key(Node node) : IEquatable<Key>
    {
        private readonly Tensor[] _inputs = node.Inputs;
        private readonly Scan _scan = (Scan)node.Op;

        private ReadOnlySpan<Tensor> Carries => _scan.Inner.Outputs.AsSpan(0, _scan.CarryCount);

        public bool Equals(Key? other) => other is not null && _scan.Inner.Trace == other._scan.Inner.Trace && _scan.Length == other._scan.Length
            && _scan.Reverse == other._scan.Reverse && _inputs.AsSpan().SequenceEqual(other._inputs)
            && _scan.Inner.Inputs.AsSpan().SequenceEqual(other._scan.Inner.Inputs) && Carries.SequenceEqual(other.Carries);

        public override bool Equals(object? obj) => Equals(obj as Key);

        public override int GetHashCode() => HashCode.Combine(_scan.Inner.Trace, _inputs.Length == 0 ? null : _inputs[0], _inputs.Length);
    }
}
