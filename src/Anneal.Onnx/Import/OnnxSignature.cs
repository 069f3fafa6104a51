namespace Anneal.Onnx;

/// <summary>What a graph takes and gives.</summary>
internal static class OnnxSignature
{
    /// <summary>The inputs without those that have a value already: older files list their weights among the inputs.</summary>
    internal static IEnumerable<OnnxValueInfo> InputsOf(OnnxGraph graph)
    {
        var given = graph.Initializers.Select(i => i.Name).ToHashSet();
        return graph.Inputs.Where(i => !given.Contains(i.Name));
    }

    /// <summary>A type as it is written in messages, such as <c>float32[n, 3]</c>.</summary>
    internal static string Show(OnnxValueInfo value)
    {
        string type = OnnxTypes.Find(value.ElementType)?.Name() ?? OnnxTypes.NameOf(value.ElementType);
        return type + (value.Dimensions is { } dimensions
            ? "[" + string.Join(", ", dimensions.Select(d => d.IsFixed ? FormattableString.Invariant($"{d.Extent}") : d.Symbol.Length > 0 ? d.Symbol : "?")) + "]"
            : "[...]");
    }
}
