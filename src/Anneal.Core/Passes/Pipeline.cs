using System.Diagnostics;
using Anneal.Graphs;

namespace Anneal.Passes;

/// <summary>The passes that every graph goes through, in order.</summary>
internal static class Pipeline
{
    internal static Graph Optimize(Graph graph, PassOptions? options = null)
    {
        options ??= PassOptions.All;
        Check(graph, "tracing");
        if (options.Deduplicate)
            graph = Deduplicate.Run(graph);
        Check(graph, nameof(Deduplicate));
        if (options.Simplify)
            graph = Simplify.Run(graph);
        Check(graph, nameof(Simplify));

        // Simplification makes equal what was different before.
        if (options.Deduplicate)
            graph = Deduplicate.Run(graph);
        Check(graph, nameof(Deduplicate));
        return graph;
    }

    [Conditional("DEBUG")]
    private static void Check(Graph graph, string after) => Verifier.Verify(graph, after);
}
