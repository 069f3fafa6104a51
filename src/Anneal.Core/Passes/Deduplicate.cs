using Anneal.Graphs;

namespace Anneal.Passes;

/// <summary>Computes once what is computed several times: nodes with equal operations and equal inputs become one.</summary>
internal static class Deduplicate
{
    internal static Graph Run(Graph graph)
    {
        var known = new Dictionary<Key, Tensor[]>();
        return graph.Rewrite((node, inputs) =>
        {
            var key = new Key(node.Op, inputs);
            if (known.TryGetValue(key, out Tensor[]? outputs))
                return outputs;
            outputs = inputs.AsSpan().SequenceEqual(node.Inputs) ? node.Outputs : Node.Rebuild(node, inputs);
            known.Add(key, outputs);
            return outputs;
        });
    }

    private sealed record Key(Op Op, Tensor[] Inputs)
    {
        public bool Equals(Key? other) => other is not null && Op.Equals(other.Op) && Inputs.AsSpan().SequenceEqual(other.Inputs);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Op);
            foreach (Tensor input in Inputs)
                hash.Add(input);
            return hash.ToHashCode();
        }
    }
}
