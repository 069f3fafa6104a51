using Anneal.Graphs;

namespace Anneal;

/// <summary>Reverse-mode differentiation, from graph to graph: gradients are tensors like any other and can be differentiated again.</summary>
public static class Gradients
{
    /// <summary>The gradients of a scalar loss with respect to variables, in their order.</summary>
    /// <param name="loss">A floating-point tensor with one element.</param>
    /// <param name="variables">What the loss was computed from in this trace.</param>
    /// <exception cref="TraceException">
    /// Outside of a trace, or the loss does not depend on one of the variables: a lost gradient is a mistake, not a zero.
    /// </exception>
    /// <exception cref="ShapeException">The loss has more than one element.</exception>
    public static Tensor[] Of(Tensor loss, IEnumerable<Parameter> variables)
    {
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(variables);
        if (Trace.Current is not { } trace)
            throw new TraceException("Gradients.Of with parameters works inside a traced function. Hint: call it within Program.Compile.");
        Parameter[] wanted = [.. variables];
        return [.. OrNull(trace, loss, wanted).Select((g, i) => g ?? throw new TraceException(
            $"The loss does not depend on the parameter {wanted[i].Name}, so it has no gradient. "
            + "Hint: leave it out, or set Trainable = false."))];
    }

    /// <summary>The gradients of one of several terms of a loss; null where it does not depend on a parameter.</summary>
    internal static Tensor?[] OrNull(Trace trace, Tensor loss, IReadOnlyList<Parameter> wanted)
    {
        Tensor[] reads = [.. wanted.SelectMany(trace.Reads)];
        Tensor?[] gradients = Compute(loss, reads);
        var result = new Tensor?[wanted.Count];
        for (int i = 0, read = 0; i < result.Length; i++)
        {
            // A parameter that was assigned has had several values: the latest on which the loss depends is meant.
            int count = trace.Reads(wanted[i]).Count;
            result[i] = gradients[read..(read + count)].LastOrDefault(g => g is not null);
            read += count;
        }

        return result;
    }

    /// <summary>The gradients of a scalar loss with respect to tensors, in their order; zeros where the loss does not depend on one.</summary>
    /// <exception cref="ShapeException">The loss has more than one element.</exception>
    public static Tensor[] Of(Tensor loss, params ReadOnlySpan<Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(loss);
        Tensor[] wanted = [.. tensors.ToArray().Select(t => Trace.Admit(Trace.Current, t, null))];
        return Compute(loss, wanted).Select((g, i) => g ?? wanted[i].FillLike(0)).ToArray();
    }

    private static Tensor?[] Compute(Tensor loss, Tensor[] wanted)
    {
        if (loss.Shape.ElementCount != 1)
            throw new ShapeException($"A gradient needs a loss with one element, got {loss.Type}. Hint: take the mean or the sum.");
        if (!loss.DType.IsFloating())
            throw new DTypeException($"A gradient needs a floating-point loss, got {loss.Type}.");
        return Backward([loss], [loss.FillLike(1)], wanted);
    }

    /// <summary>
    /// The gradients of <c>sum of outputs · upstreams</c> with respect to <paramref name="wanted"/>; null where nothing depends on one.
    /// </summary>
    internal static Tensor?[] Backward(Tensor[] outputs, Tensor[] upstreams, Tensor[] wanted)
    {
        var graph = new Graph("gradient", Trace.Current, [], outputs, []);
        HashSet<Node> active = DependsOn(graph, wanted);
        try
        {
            return Walk(graph, active, outputs, upstreams, wanted);
        }
        finally
        {
            if (Trace.Current is { } current)
                current.DerivedFrom = null;
        }
    }

    private static Tensor?[] Walk(Graph graph, HashSet<Node> active, Tensor[] outputs, Tensor[] upstreams, Tensor[] wanted)
    {
        var gradients = new Dictionary<Tensor, Tensor>();
        for (int i = 0; i < outputs.Length; i++)
            Accumulate(gradients, outputs[i], upstreams[i]);
        for (int n = graph.Nodes.Length - 1; n >= 0; n--)
        {
            Node node = graph.Nodes[n];
            if (!active.Contains(node) || node.Inputs.Length == 0)
                continue;
            Tensor?[] ups = node.Outputs.Select(o => gradients.GetValueOrDefault(o)).ToArray();
            if (ups.All(u => u is null))
                continue;
            if (Trace.Current is { } trace)
                trace.DerivedFrom = node.Origin;
            Tensor?[] inputs = node.Op.Gradient(new GradientCall(node, ups));
            for (int i = 0; i < inputs.Length; i++)
            {
                if (inputs[i] is { } gradient && active.Contains(node.Inputs[i].Node))
                    Accumulate(gradients, node.Inputs[i], gradient);
            }
        }

        return wanted.Select(w => gradients.GetValueOrDefault(w)).ToArray();
    }

    private static void Accumulate(Dictionary<Tensor, Tensor> gradients, Tensor tensor, Tensor gradient)
    {
        if (gradient.Type != tensor.Type)
            throw new GraphException($"The gradient of {tensor.Node.Op.Name} has the type {gradient.Type} instead of {tensor.Type}.");
        gradients[tensor] = gradients.TryGetValue(tensor, out Tensor? sum) ? sum + gradient : gradient;
    }

    private static HashSet<Node> DependsOn(Graph graph, Tensor[] wanted)
    {
        var active = wanted.Select(w => w.Node).ToHashSet();
        foreach (Node node in graph.Nodes)
        {
            if (node is { WasRead: true, Inputs.Length: 0 } && !active.Contains(node) && node.Outputs[0].DType.IsFloating())
            {
                throw new TraceException(
                    $"A tensor between the loss and what it was computed from has been read ({node.Outputs[0].Type}, recorded at: {node.Origin}), so the way back is gone. "
                    + "Hint: take gradients before reading values, or use Program.Compile.");
            }

            if (node.Inputs.Any(i => active.Contains(i.Node)))
                active.Add(node);
        }

        return active;
    }
}
