using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>Converts to another data type: to whole numbers by truncation, to truth values by comparing with 0.</summary>
internal sealed record Cast(DType To) : UnaryOp
{
    internal override double Evaluate(double x) => To switch
    {
        DType.Bool => x != 0 ? 1 : 0,
        DType.Float32 or DType.Float64 or DType.Float16 or DType.BFloat16 => x,
        _ => Math.Truncate(x),
    };

    protected override DType InferDType(DType x) => To;

    protected override Tensor? Derivative(GradientCall call) =>
        call.Input.DType.IsFloating() && To.IsFloating() ? call.Upstream.Cast(call.Input.DType) : null;
}

/// <summary>The same value, through which no gradient passes.</summary>
internal sealed record StopGradient : UnaryOp
{
    internal override double Evaluate(double x) => x;

    protected override DType InferDType(DType x) => x;

    protected override Tensor? Derivative(GradientCall call) => null;

    internal override string? NoGradientReason => "stops it, by definition";
}

/// <summary>The same value in memory of its own; inserted where a view or a variable's value must exist as a dense tensor.</summary>
internal sealed record Copy : UnaryOp
{
    internal override double Evaluate(double x) => x;

    protected override DType InferDType(DType x) => x;

    protected override Tensor? Derivative(GradientCall call) => call.Upstream;
}
