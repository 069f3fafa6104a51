using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>A step function: its gradient is zero wherever it exists.</summary>
internal abstract record StepOp : UnaryOp
{
    protected sealed override Tensor? Derivative(GradientCall call) => null;

    internal sealed override string? NoGradientReason => "constant between jumps";

    internal sealed override OpRecord Record => OpRecord.Standard with { Smooth = false };
}

/// <summary>The largest whole number that is not above x.</summary>
internal sealed record Floor : StepOp
{
    internal override double Evaluate(double x) => Math.Floor(x);
}

/// <summary>The smallest whole number that is not below x.</summary>
internal sealed record Ceiling : StepOp
{
    internal override double Evaluate(double x) => Math.Ceiling(x);
}

/// <summary>The nearest whole number, halves to even.</summary>
internal sealed record Round : StepOp
{
    internal override double Evaluate(double x) => Math.Round(x, MidpointRounding.ToEven);
}
