using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>
/// Rewrites a graph for a processor whose kernels compute in float32: kernels and reductions of 16-bit numbers become those of float32
/// between two casts, which fuse into the loops around them. Sums are kept in float32 and rounded once.
/// </summary>
internal static class WidenHalves
{
    internal static Graph Run(Graph graph)
    {
        if (!graph.Nodes.Any(n => n.Outputs.Any(o => IsHalf(o.DType)) || n.Inputs.Any(i => IsHalf(i.DType))))
            return graph;
        var widened = new Dictionary<Tensor, Tensor>();
        return graph.Rewrite((node, inputs) =>
        {
            if (node.Op.Kind is not (OpKind.Kernel or OpKind.Reduction) || MovesOnly(node.Op) || !inputs.Any(i => IsHalf(i.DType)))
                return null;
            Tensor[] outputs = Node.Rebuild(node, [.. inputs.Select(i => IsHalf(i.DType) ? Widen(widened, i) : i)]);
            return [.. outputs.Select((o, i) => o.DType == node.Outputs[i].DType ? o : o.Cast(node.Outputs[i].DType))];
        });
    }

    private static bool IsHalf(DType type) => type is DType.Float16 or DType.BFloat16;

    /// <summary>Operations that move elements whatever they are, and those whose body is rewritten by itself.</summary>
    private static bool MovesOnly(Op op) => op is Pad or Concat or Gather or GatherAlong or After or Scan;

    private static Tensor Widen(Dictionary<Tensor, Tensor> widened, Tensor half)
    {
        if (!widened.TryGetValue(half, out Tensor? wide))
            widened[half] = wide = half.Cast(DType.Float32);
        return wide;
    }
}
