namespace Anneal.Onnx;

/// <summary>How an ONNX graph becomes a model.</summary>
public sealed record OnnxImportOptions
{
    /// <summary>
    /// Which of the graph's initializers are trained, by their names in the graph; the others keep their values. Null decides by their places: floating-point
    /// values that a product, convolution, normalization, recurrent layer or table reads, and tensors of more than one element that meet computed
    /// values, are parameters; bounds, initial states, statistics, single numbers in arithmetic, and tensors with values that are not finite (masks) are not.
    /// </summary>
    public Func<string, bool>? IsParameter { get; init; }
}
