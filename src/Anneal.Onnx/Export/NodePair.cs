using Anneal.Graphs;

namespace Anneal.Onnx;

/// <summary>A node of the graph for one number of examples and the same node for the other.</summary>
internal readonly record struct NodePair(Node First, Node Second)
{
    internal Op Op => First.Op;

    internal Tensor Output => First.Outputs[0];

    internal Tensor Input(int index) => First.Inputs[index];

    internal (T First, T Second) Ops<T>() where T : Op => ((T)First.Op, (T)Second.Op);

    /// <summary>An error that names the operation and where it was recorded.</summary>
    internal OnnxExportException Fail(string message) => new(First.Op.Name, First.Origin.ToString(), message);

    /// <summary>The nodes of two graphs side by side.</summary>
    /// <exception cref="OnnxExportException">The graphs are not made of the same nodes.</exception>
    internal static NodePair[] Of(Graph first, Graph second)
    {
        if (first.Nodes.Length != second.Nodes.Length)
            throw Differs(first, "");
        var places = new Dictionary<Node, int>();
        var pairs = new NodePair[first.Nodes.Length];
        for (int i = 0; i < pairs.Length; i++)
        {
            (Node a, Node b) = (first.Nodes[i], second.Nodes[i]);
            places[a] = i;
            bool same = a.Op.GetType() == b.Op.GetType() && a.Inputs.Length == b.Inputs.Length;
            for (int k = 0; same && k < a.Inputs.Length; k++)
                same = second.Nodes[places[a.Inputs[k].Node]] == b.Inputs[k].Node && a.Inputs[k].Index == b.Inputs[k].Index;
            if (!same)
                throw Differs(first, a.Origin.ToString());
            pairs[i] = new NodePair(a, b);
        }

        return pairs;
    }

    private static OnnxExportException Differs(Graph graph, string where) => new(
        graph.Name, where, $"is made of other operations for another number of examples. Hint: state the {nameof(OnnxExportOptions.BatchSize)} for which it is exported.");
}
