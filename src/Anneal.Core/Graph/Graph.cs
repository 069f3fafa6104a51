
namespace Anneal.Graphs;

/// <summary>A new value for a variable, stored when the program has run.</summary>
internal sealed record Update(Variable Variable, Tensor Value);

/// <summary>
/// A traced function: its inputs, its outputs, and the variables that it changes. Immutable; a pass makes a new one. Nodes that no
/// output and no update needs are not part of it.
/// </summary>
internal sealed class Graph
{
    internal Graph(string name, Trace? trace, IEnumerable<Tensor> inputs, IEnumerable<Tensor> outputs, IEnumerable<Update> updates)
    {
        Name = name;
        Trace = trace;
        Inputs = [.. inputs];
        Outputs = [.. outputs];
        Updates = [.. updates];
        Nodes = Sort([.. Outputs, .. Updates.Select(u => u.Value)]);
    }

    internal string Name { get; }

    /// <summary>The trace in which passes record replacements.</summary>
    internal Trace? Trace { get; }

    /// <summary>The arguments, in order; also those that nothing uses.</summary>
    internal Tensor[] Inputs { get; }

    internal Tensor[] Outputs { get; }

    internal Update[] Updates { get; }

    /// <summary>All nodes that are needed, each after the nodes that it uses, otherwise in the order of recording.</summary>
    internal Node[] Nodes { get; }

    /// <summary>Traces a function.</summary>
    /// <param name="name">The name in messages.</param>
    /// <param name="inputs">The types of the arguments.</param>
    /// <param name="function">From the arguments to the outputs.</param>
    /// <param name="training">Whether layers behave as in training.</param>
    /// <param name="randomState">Seed and step of random operations, int64[2]; after each run of the program the step grows by one.</param>
    internal static Graph Of(
        string name, ReadOnlySpan<TensorType> inputs, Func<Tensor[], IReadOnlyList<Tensor>> function, bool training = false, State? randomState = null)
    {
        using var trace = new Trace(name, training) { RandomState = randomState };
        var arguments = new Tensor[inputs.Length];
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = trace.AddInput(inputs[i], $"{i}");
        Tensor[] outputs = function(arguments).Select(o => Trace.Admit(trace, o, null)).ToArray();
        if (randomState is not null && trace.FirstRead(randomState) is { } state)
            trace.Assign(randomState, state + Tensor.From<long>(0, 1));
        return new Graph(name, trace, trace.Inputs, outputs, trace.Updates.Select(u => new Update(u.Variable, u.Value)));
    }

    /// <summary>
    /// The graph with each node rebuilt by <paramref name="rewrite"/>, which is given a node and its new inputs and returns its new
    /// outputs, or null to rebuild the node as it is.
    /// </summary>
    internal Graph Rewrite(Func<Node, Tensor[], Tensor[]?> rewrite)
    {
        using Trace.RewriteScope scope = Trace.Rewrite(Trace);
        var replaced = new Dictionary<Tensor, Tensor>();
        foreach (Node node in Nodes)
        {
            Tensor[] inputs = node.Inputs.Select(i => replaced[i]).ToArray();
            if (Trace is not null)
                Trace.DerivedFrom = node.Origin;
            bool same = inputs.AsSpan().SequenceEqual(node.Inputs);
            Tensor[] outputs = rewrite(node, inputs) ?? (same ? node.Outputs : Node.Rebuild(node, inputs));
            for (int i = 0; i < outputs.Length; i++)
                replaced[node.Outputs[i]] = outputs[i];
        }

        if (Trace is not null)
            Trace.DerivedFrom = null;
        Tensor Replace(Tensor tensor) => replaced.GetValueOrDefault(tensor, tensor);
        return new Graph(
            Name, Trace, Inputs.Select(Replace), Outputs.Select(Replace), Updates.Select(u => u with { Value = Replace(u.Value) }));
    }

    private static Node[] Sort(IReadOnlyList<Tensor> roots)
    {
        var seen = new HashSet<Node>();
        var order = new List<Node>();
        var stack = new Stack<(Node Node, int Next)>();
        foreach (Tensor root in roots)
        {
            if (!seen.Add(root.Node))
                continue;
            stack.Push((root.Node, 0));
            while (stack.TryPop(out (Node Node, int Next) top))
            {
                if (top.Next == top.Node.Inputs.Length)
                {
                    order.Add(top.Node);
                    continue;
                }

                stack.Push((top.Node, top.Next + 1));
                Node child = top.Node.Inputs[top.Next].Node;
                if (seen.Add(child))
                    stack.Push((child, 0));
            }
        }

        return [.. order];
    }
}
