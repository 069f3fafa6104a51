using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>How two numbers are compared.</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Compares two numbers; a NaN is unequal to everything and neither less nor greater.</summary>
internal sealed record Compare(Comparison Comparison) : BinaryOp
{
    internal override string Name => Comparison.ToString();

    internal override double Evaluate(double a, double b) => (Comparison switch
    {
        Comparison.Equal => a == b,
        Comparison.NotEqual => a != b,
        Comparison.Less => a < b,
        Comparison.LessOrEqual => a <= b,
        Comparison.Greater => a > b,
        _ => a >= b,
    }) ? 1 : 0;

    protected override DType InferDType(ReadOnlySpan<TensorType> inputs)
    {
        RequireEqual(inputs[0].DType, inputs[1].DType);
        return DType.Bool;
    }

    internal override Tensor?[] Gradient(GradientCall call) => [null, null];

    internal override string? NoGradientReason => "gives truth values";
}

/// <summary>Both.</summary>
internal sealed record LogicalAnd : BinaryOp
{
    internal override double Evaluate(double a, double b) => a != 0 && b != 0 ? 1 : 0;

    protected override DType InferDType(ReadOnlySpan<TensorType> inputs) => RequireBool(RequireEqual(inputs[0].DType, inputs[1].DType));

    internal override Tensor?[] Gradient(GradientCall call) => [null, null];

    internal override string? NoGradientReason => "gives truth values";
}

/// <summary>At least one.</summary>
internal sealed record LogicalOr : BinaryOp
{
    internal override double Evaluate(double a, double b) => a != 0 || b != 0 ? 1 : 0;

    protected override DType InferDType(ReadOnlySpan<TensorType> inputs) => RequireBool(RequireEqual(inputs[0].DType, inputs[1].DType));

    internal override Tensor?[] Gradient(GradientCall call) => [null, null];

    internal override string? NoGradientReason => "gives truth values";
}

/// <summary>Not.</summary>
internal sealed record LogicalNot : UnaryOp
{
    internal override double Evaluate(double x) => x != 0 ? 0 : 1;

    protected override DType InferDType(DType x) => RequireBool(x);

    protected override Tensor? Derivative(GradientCall call) => null;

    internal override string? NoGradientReason => "gives truth values";
}

/// <summary>The second operand where the first is true, else the third.</summary>
internal sealed record Select : ElementwiseOp
{
    internal override int Arity => 3;

    internal override double Evaluate(double a, double b, double c) => a != 0 ? b : c;

    protected override DType InferDType(ReadOnlySpan<TensorType> inputs)
    {
        RequireBool(inputs[0].DType);
        return RequireEqual(inputs[1].DType, inputs[2].DType);
    }

    internal override Tensor?[] Gradient(GradientCall call)
    {
        Tensor zero = call.Upstream.FillLike(0);
        return
        [
            null,
            Tensor.Select(call.Inputs[0], call.Upstream, zero),
            Tensor.Select(call.Inputs[0], zero, call.Upstream),
        ];
    }

    internal override OpRecord Record => OpRecord.Standard;
}
