namespace Anneal.Graphs;

/// <summary>One application of an operation to values. Immutable; its outputs are the only way to refer to it.</summary>
internal sealed class Node
{
    private static long _lastId;

    /// <summary>The id of the node made last: a mark between what is recorded before and after.</summary>
    internal static long LastId => Interlocked.Read(ref _lastId);

    private Node(Op op, Tensor[] inputs, Trace? trace, Origin origin)
    {
        Op = op;
        Inputs = inputs;
        Trace = trace;
        Origin = origin;
        Id = Interlocked.Increment(ref _lastId);
        TensorType[] types = op.Infer(inputs.Select(i => i.Type).ToArray());
        Outputs = new Tensor[types.Length];
        for (int i = 0; i < types.Length; i++)
            Outputs[i] = new Tensor(this, i, types[i]);
    }

    private Node(Literal literal, Tensor output)
    {
        Op = literal;
        Inputs = [];
        Outputs = [output];
        Origin = output.Node.Origin;
        WasRead = output.Node.Inputs.Length > 0;
        Id = Interlocked.Increment(ref _lastId);
    }

    /// <summary>Grows with every node made, so sorting by it is one valid order of execution.</summary>
    internal long Id { get; }

    internal Op Op { get; }

    internal Tensor[] Inputs { get; }

    internal Tensor[] Outputs { get; }

    /// <summary>The trace that recorded the node, or null for a lazy one.</summary>
    internal Trace? Trace { get; }

    internal Origin Origin { get; }

    /// <summary>Whether this leaf holds the values of a lazy tensor that something led to.</summary>
    internal bool WasRead { get; }

    /// <summary>Records an operation in the current trace, or lazily outside of one.</summary>
    internal static Tensor[] Record(Op op, params ReadOnlySpan<Tensor> inputs)
    {
        Trace? trace = Trace.Current;
        var own = new Tensor[inputs.Length];
        for (int i = 0; i < own.Length; i++)
            own[i] = Trace.Admit(trace, inputs[i], op);
        Origin origin = trace is null ? Origin.Capture("") : trace.CaptureOrigin();
        try
        {
            return new Node(op, own, trace, origin).Outputs;
        }
        catch (OperandException mistake)
        {
            throw mistake.Explain(op, own, origin);
        }
    }

    /// <summary>The same operation on other inputs of the same trace, with its origin kept: for passes.</summary>
    internal static Tensor[] Rebuild(Node node, Tensor[] inputs) => new Node(node.Op, inputs, node.Trace, node.Origin).Outputs;

    /// <summary>A leaf that holds the values of a lazy tensor which has been read, in place of the node that computed it.</summary>
    internal static Node OfValues(TensorData values, Tensor output) => new(new Literal(values), output);

    /// <summary>Records an operation with one output.</summary>
    internal static Tensor Apply(Op op, params ReadOnlySpan<Tensor> inputs) => Record(op, inputs)[0];

    public override string ToString() => $"{Op.Name}({string.Join(", ", Inputs.Select(i => i.ToString()))})";
}
