using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Planning;

/// <summary>
/// Inserts copies where a value must lie dense in memory of its own: views and constants that a kernel or a reshape reads, and arguments,
/// variables, views and constants that are handed out as results.
/// </summary>
internal static class Materialize
{
    internal static Graph Run(Graph graph)
    {
        var copies = new Dictionary<Tensor, Tensor>();
        Graph inner = graph.Rewrite((node, inputs) =>
        {
            bool needsDense = node.Op.Kind == OpKind.Kernel || (node.Op.Kind == OpKind.Reshape && !LooksThrough(node));
            if (!needsDense || !inputs.Any(IsArranged))
                return null;
            return Node.Rebuild(node, inputs.Select(i => IsArranged(i) ? CopyOf(copies, i) : i).ToArray());
        });
        using Trace.RewriteScope scope = Trace.Rewrite(graph.Trace);
        Tensor Result(Tensor tensor) => IsArranged(tensor) || View.Root(tensor).Node.Op.Kind == OpKind.Leaf ? CopyOf(copies, tensor) : tensor;
        return new Graph(
            inner.Name, inner.Trace, inner.Inputs, inner.Outputs.Select(Result), inner.Updates.Select(u => u with { Value = Result(u.Value) }));
    }

    private static bool IsArranged(Tensor tensor) => View.Root(tensor).Node.Op is ViewOp or Constant;

    private static bool LooksThrough(Node reshape) => View.Of(reshape.Outputs[0]).Source != reshape.Outputs[0];

    private static Tensor CopyOf(Dictionary<Tensor, Tensor> copies, Tensor tensor)
    {
        if (copies.TryGetValue(tensor, out Tensor? copy))
            return copy;
        return copies[tensor] = Node.Apply(new Copy(), tensor);
    }
}
