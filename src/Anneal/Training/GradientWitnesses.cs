using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal;

/// <summary>
/// Finds few, small tensors that show whether all gradients of a step are finite. No update can begin before they are known, so to test a large
/// gradient itself costs memory for it and a pass over it, where otherwise the update runs on each block of the product that makes it
/// while the block is in cache.
/// </summary>
/// <remarks>
/// A weight's gradient is a product of what entered the layer and of the gradient of what left it; where the latter is not finite, neither is the
/// product, nor the bias gradient, which sums it. So where the gradient is larger than both operands, which then have to be kept until all
/// gradients are known, the bias gradient or the operand speaks for it. What this cannot see is a sum that overflows within the product
/// itself: the next loss is then not finite.
/// </remarks>
internal static class GradientWitnesses
{
    /// <summary>Tensors of which one is not finite where a gradient is not.</summary>
    /// <param name="loss">What was differentiated.</param>
    /// <param name="gradients">Its gradients.</param>
    internal static IReadOnlyList<Tensor> Of(Tensor loss, IReadOnlyList<Tensor> gradients)
    {
        HashSet<Node> forward = [.. new Graph("forward", null, [], [loss], []).Nodes];
        HashSet<Tensor> summed = [.. gradients.SelectMany(Terms).Where(t => t.Node.Op is Sum).Select(t => Root(t.Node.Inputs[0]))];
        var witnesses = new HashSet<Tensor>();
        foreach (Tensor gradient in gradients)
        {
            Tensor[] terms = [.. Terms(gradient)];
            Tensor?[] sources = Array.ConvertAll(terms, t => Source(t, forward));
            bool isCheaper = sources.All(s => s is not null) && terms.Sum(Kept) < gradient.Shape.ElementCount;
            witnesses.UnionWith(isCheaper ? sources.Select(s => s!).Where(s => !summed.Contains(s)) : [gradient]);
        }

        return [.. witnesses];
    }

    /// <summary>How many elements have to be kept so that a product can be computed later; inputs of the program are there anyway.</summary>
    private static long Kept(Tensor product) =>
        product.Node.Inputs.Select(Root).Where(i => i.Node.Op is not Graphs.Input).Sum(i => i.Shape.ElementCount);

    /// <summary>What a gradient is the sum of, where a parameter is used several times.</summary>
    private static IEnumerable<Tensor> Terms(Tensor gradient)
    {
        var stack = new Stack<Tensor>([gradient]);
        while (stack.TryPop(out Tensor? tensor))
        {
            Tensor root = Root(tensor);
            if (root.Node.Op is not Ops.Add)
            {
                yield return root;
                continue;
            }

            stack.Push(root.Node.Inputs[1]);
            stack.Push(root.Node.Inputs[0]);
        }
    }

    /// <summary>The operand of a product that came from the loss; null where the term is no product.</summary>
    private static Tensor? Source(Tensor term, HashSet<Node> forward)
    {
        if (term.Node.Op is not (MatMul or ConvolveWeightGradient or ScatterAdd))
            return null;
        Tensor[] backward = [.. term.Node.Inputs.Where(i => i.DType.IsFloating() && !forward.Contains(Root(i).Node))];
        return backward.Length == 1 ? Root(backward[0]) : null;
    }

    /// <summary>The tensor whose elements a reshaped or transposed one shows.</summary>
    private static Tensor Root(Tensor tensor)
    {
        while (tensor.Node.Op is Ops.Reshape or Transpose or StopGradient)
            tensor = tensor.Node.Inputs[0];
        return tensor;
    }
}
