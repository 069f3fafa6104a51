using System.Collections.Frozen;

namespace Anneal.Onnx;

/// <summary>What an operator computes, in operations of the present trace.</summary>
internal delegate OnnxValue[] OnnxRule(OnnxCall call);

/// <summary>The operators that graphs may have.</summary>
internal static class OnnxOperators
{
    private static readonly FrozenDictionary<string, OnnxRule> Rules = Collect();

    /// <summary>The names of all operators of ONNX's own domain that Anneal reads.</summary>
    internal static IEnumerable<string> Names => Rules.Keys;

    /// <summary>The rule of a node's operator, or null where there is none.</summary>
    internal static OnnxRule? Find(OnnxNode node) => node.Domain.Length == 0 ? Rules.GetValueOrDefault(node.Operator) : null;

    /// <summary>Whether an operator has graphs of its own, which see values by name.</summary>
    internal static bool HasGraph(string name) => name is "If" or "Loop" or "Scan";

    internal static OnnxOperatorException Unknown(string file, OnnxNode node) =>
        new(file, node, "Anneal does not know this operator. Hint: export the model with an opset and options that use ONNX's standard operators.");

    /// <summary>Makes sure that all operators of a file are known, before anything is computed.</summary>
    internal static void RequireKnown(OnnxFile file)
    {
        Require(file, file.Graph.Nodes);
        foreach (OnnxFunction function in file.Functions.Values)
            Require(file, function.Nodes);
    }

    private static void Require(OnnxFile file, List<OnnxNode> nodes)
    {
        foreach (OnnxNode node in nodes)
        {
            if (Find(node) is null && !file.Functions.ContainsKey((node.Domain, node.Operator)))
                throw Unknown(file.Name, node);
            foreach (OnnxAttribute attribute in node.Attributes)
            {
                if (attribute.Graph is { } graph)
                    Require(file, graph.Nodes);
            }
        }
    }

    private static FrozenDictionary<string, OnnxRule> Collect()
    {
        var rules = new Dictionary<string, OnnxRule>();
        ElementwiseRules.Register(rules);
        ActivationRules.Register(rules);
        ArrangementRules.Register(rules);
        IndexingRules.Register(rules);
        ReductionRules.Register(rules);
        ProductRules.Register(rules);
        WindowRules.Register(rules);
        NormalizationRules.Register(rules);
        RecurrentRules.Register(rules);
        ControlRules.Register(rules);
        ImageRules.Register(rules);
        return rules.ToFrozenDictionary();
    }
}
