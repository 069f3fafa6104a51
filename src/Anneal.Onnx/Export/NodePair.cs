using Anneal.Graphs;
using Anneal.Ops;

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
            if (!IsSame(a.Op, b.Op))
                throw pairs[i].Fail($"has other numbers for another number of examples. Hint: state the {nameof(OnnxExportOptions.BatchSize)} for which it is exported.");
        }

        return pairs;
    }

    /// <summary>Whether operations differ by nothing but extents, which their rules compare.</summary>
    private static bool IsSame(Op first, Op second) => (first, second) switch
    {
        (Graphs.Constant a, Graphs.Constant b) => a.Value.Equals(b.Value),
        (Literal a, Literal b) => ReferenceEquals(a.Data, b.Data) || (a.Data.Type == b.Data.Type && a.Data.AsBytes().SequenceEqual(b.Data.AsBytes())),
        (Pad a, Pad b) => a.Value.Equals(b.Value) && a.Between == b.Between,
        (Slice a, Slice b) => a.Step.Equals(b.Step),
        (Iota a, Iota b) => a.Axis == b.Axis,
        (ConvolveInputGradient a, ConvolveInputGradient b) => a.Window == b.Window && a.Image[1..] == b.Image[1..],
        (ScatterAddAlong a, ScatterAddAlong b) => a.Axis == b.Axis,
        (ArgSort a, ArgSort b) => a.Axis == b.Axis && a.Descending == b.Descending,
        (Scan a, Scan b) => a.CarryCount == b.CarryCount && a.SequenceCount == b.SequenceCount && a.Reverse == b.Reverse,
        (Graphs.Input or Anneal.Ops.Reshape or BroadcastTo or ScatterAdd, _) => true,
        _ => first.Equals(second),
    };

    private static OnnxExportException Differs(Graph graph, string where) => new(
        graph.Name, where, $"is made of other operations for another number of examples. Hint: state the {nameof(OnnxExportOptions.BatchSize)} for which it is exported.");
}
