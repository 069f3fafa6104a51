namespace Anneal;

/// <summary>What surrounds an image or a sequence under a moving window.</summary>
public enum Padding
{
    /// <summary>Nothing: the window stays inside.</summary>
    Valid,

    /// <summary>
    /// As much as gives <c>ceiling(extent / stride)</c> windows, evenly on both sides; the odd row, column or step goes to the bottom, right
    /// or end (as Keras).
    /// </summary>
    Same,

    /// <summary>
    /// As much before a sequence as makes each window end where it is: <c>(kernel size - 1) · dilation</c> steps, none behind. Only
    /// for convolutions of sequences.
    /// </summary>
    Causal,
}
