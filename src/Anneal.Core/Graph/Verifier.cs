namespace Anneal.Graphs;

/// <summary>Checks the rules that every graph keeps; passes are verified after each step in debug builds and in tests.</summary>
internal static class Verifier
{
    /// <exception cref="GraphException">The graph breaks a rule; the message names the node and shows the graph around it.</exception>
    internal static void Verify(Graph graph, string after)
    {
        var defined = new HashSet<Node>();
        foreach (Node node in graph.Nodes)
        {
            foreach (Tensor input in node.Inputs)
            {
                if (!defined.Contains(input.Node))
                    throw Broken(graph, node, after, "uses a value that is not defined before it");
            }

            TensorType[] types = node.Op.Infer(node.Inputs.Select(i => i.Type).ToArray());
            if (!types.SequenceEqual(node.Outputs.Select(o => o.Type)))
                throw Broken(graph, node, after, $"has other output types than its rule gives ({string.Join(", ", types)})");
            if (node.Op is Input input1 && (input1.Index >= graph.Inputs.Length || graph.Inputs[input1.Index] != node.Outputs[0]))
                throw Broken(graph, node, after, "is an input that the graph does not declare");
            if (node.Trace != graph.Trace)
                throw Broken(graph, node, after, "belongs to another trace");
            if (node.Op.Inner is { } inner)
                Verify(inner, $"{after}, inside of {node.Op.Name}");
            defined.Add(node);
        }

        foreach (Update update in graph.Updates)
        {
            if (update.Value.Type != update.Variable.Type)
                throw new GraphException($"After {after}: {update.Variable.Name} of {update.Variable.Type} is assigned {update.Value.Type}.");
        }

        if (graph.Updates.DistinctBy(u => u.Variable).Count() != graph.Updates.Length)
            throw new GraphException($"After {after}: a variable is assigned twice.");
    }

    private static GraphException Broken(Graph graph, Node node, string after, string what) =>
        new($"After {after}: {node} {what}. Origin: {node.Origin}.\n{Printer.Print(graph)}");
}
