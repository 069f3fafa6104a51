namespace Anneal;

/// <summary>What lies around an image.</summary>
public enum FillMode
{
    /// <summary>The image mirrored at its edges, the outermost pixels repeated: <c>d c b a | a b c d | d c b a</c>.</summary>
    Reflect,

    /// <summary>One value.</summary>
    Constant,

    /// <summary>The nearest pixel of the image: <c>a a a a | a b c d | d d d d</c>.</summary>
    Nearest,

    /// <summary>The image again: <c>a b c d | a b c d | a b c d</c>.</summary>
    Wrap,
}
