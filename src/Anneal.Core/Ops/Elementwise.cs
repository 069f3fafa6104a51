using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>An operation on each element; all operands have one shape.</summary>
internal abstract record ElementwiseOp : Op
{
    internal sealed override OpKind Kind => OpKind.Elementwise;

    internal abstract int Arity { get; }

    /// <summary>Roughly how long it takes, in additions.</summary>
    internal virtual int Cost => 1;

    /// <summary>Whether the value is the first operand's, and the others exist for differentiation or for the order of steps; loops do not read them.</summary>
    internal virtual bool GivesFirstOperand => false;

    /// <summary>The result for one element, in double precision; truth values are 0 and 1.</summary>
    internal abstract double Evaluate(double a, double b, double c);

    internal sealed override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        if (inputs.Length != Arity)
            throw new OperandException($"takes {Arity} operands, got {inputs.Length}.");
        foreach (TensorType input in inputs)
        {
            if (input.Shape != inputs[0].Shape)
                throw new OperandException("needs operands of one shape.");
        }

        return [new TensorType(InferDType(inputs), inputs[0].Shape)];
    }

    protected abstract DType InferDType(ReadOnlySpan<TensorType> inputs);

    internal sealed override void Reference(ReferenceCall call)
    {
        double[] output = call.Outputs[0], a = call.Inputs[0];
        double[] b = Arity > 1 ? call.Inputs[1] : a, c = Arity > 2 ? call.Inputs[2] : a;
        for (int i = 0; i < output.Length; i++)
            output[i] = Evaluate(a[i], b[i], c[i]);
    }

    protected static DType RequireFloating(DType type) =>
        type.IsFloating() ? type : throw new OperandException($"needs floating-point operands, not {type.Name()}.", isDType: true);

    protected static DType RequireNumber(DType type) =>
        type != DType.Bool ? type : throw new OperandException("needs numbers, not truth values.", isDType: true);

    protected static DType RequireBool(DType type) =>
        type == DType.Bool ? type : throw new OperandException($"needs truth values, not {type.Name()}.", isDType: true);

    protected static DType RequireEqual(DType a, DType b) =>
        a == b ? a : throw new OperandException($"needs operands of one data type, got {a.Name()} and {b.Name()}. Hint: use Cast.", isDType: true);
}

/// <summary>A function of one number.</summary>
internal abstract record UnaryOp : ElementwiseOp
{
    internal sealed override int Arity => 1;

    internal sealed override double Evaluate(double a, double b, double c) => Evaluate(a);

    internal abstract double Evaluate(double x);

    protected override DType InferDType(ReadOnlySpan<TensorType> inputs) => InferDType(inputs[0].DType);

    /// <summary>Floating-point in and out, unless overridden.</summary>
    protected virtual DType InferDType(DType x) => RequireFloating(x);

    internal sealed override Tensor?[] Gradient(GradientCall call) => [Derivative(call)];

    protected abstract Tensor? Derivative(GradientCall call);

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>A function of two numbers of one type.</summary>
internal abstract record BinaryOp : ElementwiseOp
{
    internal sealed override int Arity => 2;

    internal sealed override double Evaluate(double a, double b, double c) => Evaluate(a, b);

    internal abstract double Evaluate(double a, double b);

    protected override DType InferDType(ReadOnlySpan<TensorType> inputs) =>
        RequireNumber(RequireEqual(inputs[0].DType, inputs[1].DType));

    internal override OpRecord Record => OpRecord.Standard;
}
