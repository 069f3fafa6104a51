namespace Anneal;

/// <summary>Keeps gradients small before an optimizer sees them.</summary>
internal static class GradientClipping
{
    /// <summary>Each element within ± the limit, as <c>clip_grad_value_</c>.</summary>
    internal static Tensor[] ByValue(IReadOnlyList<Tensor> gradients, double limit) => [.. gradients.Select(g => Tensor.Clamp(g, -limit, limit))];

    /// <summary>Each gradient scaled so that its norm is at most the limit.</summary>
    internal static Tensor[] ByNorm(IReadOnlyList<Tensor> gradients, double limit) => [.. gradients.Select(g => g * Scale(Tensor.Sqrt(Tensor.Square(g).Sum()), limit))];

    /// <summary>All gradients scaled by one number so that the norm of all together is at most the limit, as <c>clip_grad_norm_</c>.</summary>
    internal static Tensor[] ByGlobalNorm(IReadOnlyList<Tensor> gradients, double limit)
    {
        Tensor squares = gradients.Select(g => Tensor.Square(g).Sum()).Aggregate((a, b) => a + b.Cast(a.DType));
        Tensor scale = Scale(Tensor.Sqrt(squares), limit);
        return [.. gradients.Select(g => g * scale.Cast(g.DType))];
    }

    private static Tensor Scale(Tensor norm, double limit) => Tensor.Minimum(limit / (norm + 1e-6), norm.FillLike(1));
}
