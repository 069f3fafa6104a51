namespace Anneal.Graphs;

/// <summary>What the compiler may assume of an operation.</summary>
internal enum OpKind
{
    /// <summary>Has no inputs: an argument of the program, a constant or the value of a variable.</summary>
    Leaf,

    /// <summary>Each output element depends on the input elements at the same place; all shapes are equal.</summary>
    Elementwise,

    /// <summary>Shows the elements of its input in another arrangement, without computing.</summary>
    View,

    /// <summary>The same elements in the same order under another shape.</summary>
    Reshape,

    /// <summary>Folds a range of axes away.</summary>
    Reduction,

    /// <summary>Anything else: runs as a kernel of its own.</summary>
    Kernel,
}

/// <summary>
/// An operation: everything that defines it. One sealed record each, so two applications with equal attributes compare equal.
/// Operands are checked here once and for all; broadcasting is explicit and happens in <see cref="Tensor"/>.
/// </summary>
internal abstract record Op
{
    /// <summary>The name in messages and printed graphs.</summary>
    internal virtual string Name => GetType().Name;

    internal abstract OpKind Kind { get; }

    /// <summary>The types of the outputs.</summary>
    /// <exception cref="OperandException">The operands do not fit.</exception>
    internal abstract TensorType[] Infer(ReadOnlySpan<TensorType> inputs);

    /// <summary>
    /// The gradients with respect to each input, null for those that have none. Never called where no output has an upstream gradient.
    /// </summary>
    internal abstract Tensor?[] Gradient(GradientCall call);

    /// <summary>Computes the outputs in double precision: the definition of the operation.</summary>
    internal abstract void Reference(ReferenceCall call);

    /// <summary>How the operation is tested.</summary>
    internal abstract OpRecord Record { get; }

    /// <summary>The arithmetic operations of one application, a multiply-add counting as two; by default one for each element.</summary>
    internal virtual double CountOperations(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs)
    {
        double count = 0;
        foreach (Tensor output in outputs)
            count += output.Shape.ElementCount;
        return count;
    }

    /// <summary>The graph that the operation runs, or null where it runs none.</summary>
    internal virtual Graph? Inner => null;

    /// <summary>The input over which the first output may be written, because each element depends on the element there at most; null where there is none.</summary>
    internal virtual int? OverwrittenInput => null;

    /// <summary>Why the operation has no gradient, or null where it has one.</summary>
    internal virtual string? NoGradientReason => null;
}

/// <summary>What a gradient rule is given.</summary>
/// <param name="Node">The node to differentiate.</param>
/// <param name="Upstreams">The gradient of each output; null where the loss does not depend on it.</param>
internal sealed record GradientCall(Node Node, Tensor?[] Upstreams)
{
    internal Tensor[] Inputs => Node.Inputs;

    internal Tensor Input => Node.Inputs[0];

    internal Tensor Output => Node.Outputs[0];

    internal Tensor Upstream => Upstreams[0]!;
}

/// <summary>What the reference interpreter gives to an operation: dense row-major arrays in double precision.</summary>
internal sealed class ReferenceCall(Node node, double[][] inputs)
{
    internal Node Node { get; } = node;

    internal double[][] Inputs { get; } = inputs;

    internal double[][] Outputs { get; } = node.Outputs.Select(o => new double[o.Type.Shape.ElementCount]).ToArray();

    internal Shape InputShape(int index) => Node.Inputs[index].Shape;

    internal Shape OutputShape => Node.Outputs[0].Shape;
}

/// <summary>How the conformance suite feeds an operation and how closely its kernels must follow the reference.</summary>
/// <param name="Low">The smallest sampled input.</param>
/// <param name="High">The largest sampled input.</param>
internal sealed record OpRecord(double Low, double High)
{
    internal static readonly OpRecord Standard = new(-3, 3);

    /// <summary>The largest error of one application in units in the last place of float32; 0 means the exactly rounded result.</summary>
    internal double Ulp { get; init; }

    /// <summary>False where the function jumps, so that finite differences mean nothing.</summary>
    internal bool Smooth { get; init; } = true;

    internal static OpRecord Domain(double low, double high, double ulp = 0) => new(low, high) { Ulp = ulp };
}

/// <summary>An operation's operands do not fit; turned into a public exception that names the operation, its operands and their origin.</summary>
internal sealed class OperandException(string message, bool isDType = false) : Exception(message)
{
    internal AnnealException Explain(Op op, Tensor[] inputs, Origin origin)
    {
        string where = origin.ToString();
        string text = $"{op.Name}: {Message} Operands: {string.Join(", ", inputs.Select(i => i.Type))}."
            + (where.Length == 0 ? "" : $" At {where}.");
        return isDType ? new DTypeException(text) : new ShapeException(text);
    }
}
