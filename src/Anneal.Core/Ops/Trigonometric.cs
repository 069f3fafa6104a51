using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>The sine of an angle in radians.</summary>
internal sealed record Sin : UnaryOp
{
    internal override int Cost => 16;

    internal override double Evaluate(double x) => Math.Sin(x);

    protected override Tensor? Derivative(GradientCall call) => call.Upstream * Tensor.Cos(call.Input);

    internal override OpRecord Record => OpRecord.Domain(-8, 8, ulp: 2);
}

/// <summary>The cosine of an angle in radians.</summary>
internal sealed record Cos : UnaryOp
{
    internal override int Cost => 16;

    internal override double Evaluate(double x) => Math.Cos(x);

    protected override Tensor? Derivative(GradientCall call) => -(call.Upstream * Tensor.Sin(call.Input));

    internal override OpRecord Record => OpRecord.Domain(-8, 8, ulp: 2);
}

/// <summary>The angle in radians whose tangent is x.</summary>
internal sealed record Atan : UnaryOp
{
    internal override int Cost => 16;

    internal override double Evaluate(double x) => Math.Atan(x);

    protected override Tensor? Derivative(GradientCall call) => call.Upstream / (1 + call.Input * call.Input);

    internal override OpRecord Record => OpRecord.Domain(-8, 8, ulp: 2);
}
