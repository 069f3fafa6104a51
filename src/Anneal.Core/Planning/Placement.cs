using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Planning;

/// <summary>
/// Where loops may write parts of a concatenation straight to their places in it, so that nothing is left to copy: every part is a stored
/// result of a loop, and nobody else reads it.
/// </summary>
internal sealed class Placement
{
    private readonly Dictionary<Tensor, (Tensor Whole, LoopOperand Operand)> _places = [];
    private readonly HashSet<Node> _vanished = [];

    internal static Placement Find(Graph graph, IReadOnlyDictionary<Node, Group> groupOf)
    {
        var placement = new Placement();
        Dictionary<Tensor, int> uses = CountUses(graph, groupOf);
        foreach (Node node in graph.Nodes)
        {
            // An update in place waits for the variable's readers; its parts would not.
            if (node.Op is Concat concat && !graph.Updates.Any(u => View.Root(u.Value).Node == node)
                && node.Inputs.Distinct().Count() == node.Inputs.Length && node.Inputs.All(i => uses.GetValueOrDefault(i) == 1 && IsStored(i, groupOf)))
            {
                placement.Place(node, concat.Axis);
            }
        }

        return placement;
    }

    /// <summary>Whether a concatenation needs no step of its own.</summary>
    internal bool Vanishes(Node? node) => node is not null && _vanished.Contains(node);

    /// <summary>The value in whose memory a part lives.</summary>
    internal IEnumerable<(Tensor Part, Tensor Whole)> Parts => _places.Select(p => (p.Key, p.Value.Whole));

    /// <summary>How a part is reached in that memory, or null for a value that has memory of its own.</summary>
    internal LoopOperand? OperandOf(Tensor value) => _places.TryGetValue(value, out (Tensor, LoopOperand Operand) place) ? place.Operand : null;

    private static bool IsStored(Tensor tensor, IReadOnlyDictionary<Node, Group> groupOf) =>
        tensor.Node.Op.Kind == OpKind.Elementwise && groupOf[tensor.Node].IsLoop;

    /// <summary>How often a value is read by others than the loop that computes it.</summary>
    private static Dictionary<Tensor, int> CountUses(Graph graph, IReadOnlyDictionary<Node, Group> groupOf)
    {
        var uses = new Dictionary<Tensor, int>();
        foreach (Node node in graph.Nodes)
        {
            Group? group = groupOf.GetValueOrDefault(node);
            foreach (Tensor input in node.Inputs)
            {
                if (group is null || groupOf.GetValueOrDefault(input.Node) != group)
                    uses[input] = uses.GetValueOrDefault(input) + 1;
            }
        }

        foreach (Tensor tensor in graph.Outputs.Concat(graph.Updates.Select(u => u.Value)))
            uses[tensor] = uses.GetValueOrDefault(tensor) + 2;
        return uses;
    }

    private void Place(Node node, int axis)
    {
        long[] strides = Strides.Of(node.Outputs[0].Shape);
        long start = 0;
        foreach (Tensor part in node.Inputs)
        {
            _places[part] = (node.Outputs[0], new LoopOperand(part.DType, strides, start * strides[axis]));
            start += part.Shape[axis];
        }

        _vanished.Add(node);
    }
}
