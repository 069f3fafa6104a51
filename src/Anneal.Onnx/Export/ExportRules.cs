using System.Collections.Frozen;
using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Onnx;

/// <summary>Writes one traced node as nodes of ONNX.</summary>
internal delegate void ExportRule(OnnxEmitter emitter, NodePair node);

/// <summary>How each operation is written. One that is not in the table has a reason.</summary>
internal static class ExportRules
{
    private static readonly FrozenDictionary<Type, ExportRule> Rules = Collect();

    /// <summary>Operations that have no counterpart in a graph that infers, and why.</summary>
    private static readonly FrozenDictionary<Type, string> Reasons = new Dictionary<Type, string>
    {
        [typeof(Ops.RandomUniform)] = "draws numbers from a seed, which other software draws in another way",
        [typeof(Ctc)] = "is a loss, for which ONNX has no operator",
        [typeof(CtcGradient)] = "is the gradient of a loss",
        [typeof(ConvolveWeightGradient)] = "is a gradient, and graphs are written as they infer",
        [typeof(MaxPoolGradient)] = "is a gradient, and graphs are written as they infer",
        [typeof(MaxPoolSelect)] = "is a gradient, and graphs are written as they infer",
        [typeof(AveragePoolGradient)] = "is a gradient, and graphs are written as they infer",
        [typeof(CacheWrite)] = "belongs to the generation of texts. Hint: export the model without a cache",
        [typeof(CachedAttention)] = "belongs to the generation of texts. Hint: export the model without a cache",
    }.ToFrozenDictionary();

    /// <summary>Whether operations of a type are written.</summary>
    internal static bool Has(Type operation) => Rules.ContainsKey(operation) || operation.IsSubclassOf(typeof(LeafOp)) || operation == typeof(BroadcastTo);

    /// <summary>Why operations of a type are not written; null where they are, or where nobody has decided.</summary>
    internal static string? ReasonAgainst(Type operation) => Reasons.GetValueOrDefault(operation);

    /// <exception cref="OnnxExportException">The operation is not written.</exception>
    internal static ExportRule Find(NodePair node) => Rules.GetValueOrDefault(node.Op.GetType())
        ?? throw node.Fail(Reasons.GetValueOrDefault(node.Op.GetType()) is { } reason ? reason + "." : "has no rule for ONNX.");

    private static FrozenDictionary<Type, ExportRule> Collect()
    {
        var rules = new Dictionary<Type, ExportRule>();
        ExportElementwise.Register(rules);
        ExportArrangement.Register(rules);
        ExportProducts.Register(rules);
        ExportWindows.Register(rules);
        ExportIndexing.Register(rules);
        return rules.ToFrozenDictionary();
    }
}
