using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>a + b.</summary>
internal sealed record Add : BinaryOp
{
    internal override double Evaluate(double a, double b) => a + b;

    internal override Tensor?[] Gradient(GradientCall call) => [call.Upstream, call.Upstream];
}

/// <summary>a - b.</summary>
internal sealed record Subtract : BinaryOp
{
    internal override double Evaluate(double a, double b) => a - b;

    internal override Tensor?[] Gradient(GradientCall call) => [call.Upstream, -call.Upstream];
}

/// <summary>a · b.</summary>
internal sealed record Multiply : BinaryOp
{
    internal override double Evaluate(double a, double b) => a * b;

    internal override Tensor?[] Gradient(GradientCall call) => [call.Upstream * call.Inputs[1], call.Upstream * call.Inputs[0]];
}

/// <summary>a / b; whole numbers are divided towards zero.</summary>
internal sealed record Divide : BinaryOp
{
    internal override int Cost => 3;

    internal override double Evaluate(double a, double b) => a / b;

    internal override Tensor?[] Gradient(GradientCall call)
    {
        Tensor left = call.Upstream / call.Inputs[1];
        return [left, -(left * call.Output)];
    }

    internal override OpRecord Record => OpRecord.Domain(0.3, 3);
}

/// <summary>a to the power of b, as <see cref="Math.Pow"/> defines it.</summary>
internal sealed record Power : BinaryOp
{
    internal override int Cost => 30;

    internal override double Evaluate(double a, double b) => Math.Pow(a, b);

    internal override Tensor?[] Gradient(GradientCall call)
    {
        Tensor a = call.Inputs[0], b = call.Inputs[1];
        // A base of 0 has no logarithm, but 0 to a positive power is flat in its exponent.
        Tensor log = Tensor.Select(a.NotEqualTo(0), Tensor.Log(Tensor.Select(a.NotEqualTo(0), a, a.FillLike(1))), a.FillLike(0));
        // To the power of 0 the function is flat, also where the base is 0.
        Tensor byBase = Tensor.Select(b.EqualTo(0), call.Upstream.FillLike(0), call.Upstream * b * Tensor.Pow(a, b - 1));
        return [byBase, call.Upstream * call.Output * log];
    }

    internal override OpRecord Record => OpRecord.Domain(0.2, 3, ulp: 4);
}

/// <summary>The larger of a and b; a NaN in either wins. Where they are equal, each takes half of the gradient.</summary>
internal sealed record Maximum : BinaryOp
{
    internal override double Evaluate(double a, double b) => Math.Max(a, b);

    internal override Tensor?[] Gradient(GradientCall call) => Extremum.Share(call);
}

/// <summary>The smaller of a and b; a NaN in either wins. Where they are equal, each takes half of the gradient.</summary>
internal sealed record Minimum : BinaryOp
{
    internal override double Evaluate(double a, double b) => Math.Min(a, b);

    internal override Tensor?[] Gradient(GradientCall call) => Extremum.Share(call);
}

/// <summary>The gradient that <see cref="Maximum"/> and <see cref="Minimum"/> share.</summary>
internal static class Extremum
{
    internal static Tensor?[] Share(GradientCall call)
    {
        Tensor a = call.Inputs[0], b = call.Inputs[1], up = call.Upstream;
        Tensor zero = up.FillLike(0), half = up * 0.5;
        Tensor tie = a.EqualTo(b);
        return
        [
            Tensor.Select(tie, half, Tensor.Select(a.EqualTo(call.Output), up, zero)),
            Tensor.Select(tie, half, Tensor.Select(b.EqualTo(call.Output), up, zero)),
        ];
    }
}

/// <summary>-x.</summary>
internal sealed record Negate : UnaryOp
{
    internal override double Evaluate(double x) => -x;

    protected override DType InferDType(DType x) => RequireNumber(x);

    protected override Tensor? Derivative(GradientCall call) => -call.Upstream;
}

/// <summary>The absolute value; its derivative at 0 is 0.</summary>
internal sealed record Abs : UnaryOp
{
    internal override double Evaluate(double x) => Math.Abs(x);

    protected override DType InferDType(DType x) => RequireNumber(x);

    protected override Tensor? Derivative(GradientCall call) => call.Upstream * Tensor.Sign(call.Input);
}

/// <summary>-1, 0 or 1; a NaN stays one.</summary>
internal sealed record Sign : UnaryOp
{
    internal override double Evaluate(double x) => x > 0 ? 1 : x < 0 ? -1 : double.IsNaN(x) ? double.NaN : 0;

    protected override DType InferDType(DType x) => RequireNumber(x);

    protected override Tensor? Derivative(GradientCall call) => null;

    internal override string? NoGradientReason => "constant between jumps";

    internal override OpRecord Record => OpRecord.Standard with { Smooth = false };
}
