using Anneal.Graphs;

namespace Anneal.Planning;

/// <summary>Which nodes of a graph read the memory of a value, through views or not.</summary>
internal sealed class Readers
{
    private readonly Dictionary<Tensor, List<Node>> _readers = [];
    private readonly HashSet<Tensor> _results = [];

    internal Readers(Graph graph)
    {
        foreach (Node node in graph.Nodes)
        {
            foreach (Tensor source in Schedule.Sources(node))
            {
                if (!_readers.TryGetValue(source, out List<Node>? readers))
                    _readers[source] = readers = [];
                readers.Add(node);
            }
        }

        _results.UnionWith(graph.Outputs.Concat(graph.Updates.Select(u => u.Value)).Select(View.Root));
    }

    /// <summary>The nodes that read a value, views among them.</summary>
    internal IReadOnlyList<Node> Of(Tensor value) => _readers.GetValueOrDefault(value, []);

    /// <summary>Whether the value is given out, or becomes that of a variable.</summary>
    internal bool IsResult(Tensor value) => _results.Contains(value);
}
