using Anneal.Graphs;

namespace Anneal.Planning;

/// <summary>For each node how many kernels must run one after another before it: a measure of time that no order of the nodes changes.</summary>
internal sealed class KernelDepths
{
    private readonly Dictionary<Node, int> _depths = [];

    internal KernelDepths(Graph graph)
    {
        foreach (Node node in graph.Nodes)
        {
            int before = node.Inputs.Length == 0 ? 0 : node.Inputs.Max(i => _depths[i.Node]);
            _depths[node] = node.Op.Kind == OpKind.Kernel ? before + 1 : before;
        }
    }

    internal int Of(Node node) => _depths[node];
}
