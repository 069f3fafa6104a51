using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>The larger of x and 0; its derivative at 0 is 0, and a NaN stays one.</summary>
internal sealed record Relu : UnaryOp
{
    internal override double Evaluate(double x) => Math.Max(x, 0);

    protected override Tensor? Derivative(GradientCall call) =>
        // The sign of the output equals that of the input where the gradient passes, and the output is kept anyway.
        Tensor.Select(call.Output.GreaterThan(0), call.Upstream, call.Upstream.FillLike(0));
}
