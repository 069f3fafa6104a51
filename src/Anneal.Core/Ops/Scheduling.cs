using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// The first operand, not before the second has been computed: (value <c>[...]</c>, any tensor) to the value. Keeps a recomputation apart from
/// the computation that it repeats, and late.
/// </summary>
internal sealed record After : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs) => [inputs[0]];

    internal override Tensor?[] Gradient(GradientCall call) => [call.Upstream, null];

    internal override void Reference(ReferenceCall call) => call.Inputs[0].CopyTo(call.Outputs[0], 0);

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>
/// The first operand, not before the second has been computed: (value <c>[...]</c>, any tensor seen as <c>[...]</c>) to the value. As
/// <see cref="After"/>, but for a loop, which reads the value where it lies.
/// </summary>
/// <param name="JoinsSibling">Whether a loop that reads the same values should also do what follows.</param>
internal sealed record Later(bool JoinsSibling) : BinaryOp
{
    internal override bool GivesFirstOperand => true;

    internal override double Evaluate(double a, double b) => a;

    internal override Tensor?[] Gradient(GradientCall call) => [call.Upstream, null];
}
