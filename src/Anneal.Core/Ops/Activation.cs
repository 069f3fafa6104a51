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

/// <summary>
/// (softmax <c>[...]</c>, what it is of <c>[...]</c>) to the softmax. It exists for its gradient, which needs nothing but the result, where
/// that of the single operations keeps the exponentials beside it; once differentiation is over, nothing remains of it.
/// </summary>
internal sealed record Softmaxed(int Axis) : BinaryOp
{
    internal override bool GivesFirstOperand => true;

    internal override double Evaluate(double a, double b) => a;

    internal override Tensor?[] Gradient(GradientCall call)
    {
        Tensor weighted = call.Upstream * call.Output;
        return [null, call.Output * (call.Upstream - weighted.Sum([Axis], keepAxes: true))];
    }

    internal override OpRecord Record => OpRecord.Standard with { Smooth = false };
}
