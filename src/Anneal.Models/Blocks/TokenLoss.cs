namespace Anneal.Models;

/// <summary>Cross-entropy of classes, of which some do not count.</summary>
internal static class TokenLoss
{
    /// <summary>A label that does not count.</summary>
    internal const int Ignored = -100;

    /// <summary>The mean over all labels that count of minus the logarithm of the label's probability.</summary>
    /// <param name="logits"><c>[..., classes]</c>.</param>
    /// <param name="labels">Whole numbers <c>[...]</c>.</param>
    internal static Tensor Of(Tensor logits, Tensor labels) =>
        -LogProbabilities(logits, labels).Sum() / labels.NotEqualTo(Ignored).Cast(DType.Float32).Sum();

    /// <summary>The logarithm of each label's probability; 0 where the label does not count.</summary>
    /// <param name="logits"><c>[..., classes]</c>.</param>
    /// <param name="labels">Whole numbers <c>[...]</c>.</param>
    internal static Tensor LogProbabilities(Tensor logits, Tensor labels)
    {
        Tensor counts = labels.NotEqualTo(Ignored);
        Tensor safe = Tensor.Select(counts, labels, labels - labels);
        Tensor chosen = logits.LogSoftmax().GatherAlong(-1, safe.ExpandAxis(-1)).Reshape(labels.Shape);
        return Tensor.Select(counts, chosen, chosen * 0);
    }
}
