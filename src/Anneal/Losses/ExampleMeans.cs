namespace Anneal;

/// <summary>Means within examples.</summary>
internal static class ExampleMeans
{
    /// <summary>The mean over all axes but the first: <c>[batch, ...]</c> to <c>[batch]</c>.</summary>
    internal static Tensor MeanOfExamples(this Tensor x)
    {
        Tensor flat = x.Reshape(new Shape(x.Shape[0], x.Shape[1..].ElementCount));
        return flat.Shape[1] == 1 ? flat.Reshape(flat.Shape[..1]) : flat.Mean([1]);
    }
}
