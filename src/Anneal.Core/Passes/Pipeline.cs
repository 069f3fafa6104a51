using System.Diagnostics;
using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Passes;

/// <summary>The passes that every graph goes through, in order.</summary>
internal static class Pipeline
{
    internal static Graph Optimize(Graph graph, PassOptions? options = null)
    {
        options ??= PassOptions.All;
        Check(graph, "tracing");
        graph = graph.Rewrite((node, inputs) => node.Op is Softmaxed ? [inputs[0]] : null);
        Check(graph, nameof(Softmaxed));
        if (graph.Nodes.Any(n => n.Op is Scan))
            graph = OptimizeScans(graph, options);
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

    private static Graph OptimizeScans(Graph graph, PassOptions options)
    {
        graph = MergeScans.Run(graph);
        Check(graph, nameof(MergeScans));
        var bodies = new Dictionary<ScanBody, ScanBody>();
        graph = graph.Rewrite((node, inputs) =>
        {
            if (node.Op is not Scan scan)
                return null;
            if (!bodies.TryGetValue(scan.Body, out ScanBody? body))
                bodies[scan.Body] = body = new ScanBody(Optimize(scan.Inner, options));
            return Node.Record(scan with { Body = body }, inputs);
        });
        Check(graph, "the bodies of scans");
        graph = PruneScans.Run(graph);
        Check(graph, nameof(PruneScans));
        return graph;
    }

    [Conditional("DEBUG")]
    private static void Check(Graph graph, string after) => Verifier.Verify(graph, after);
}
