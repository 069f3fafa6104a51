namespace Anneal;

/// <summary>The value between pixels.</summary>
public enum Interpolation
{
    /// <summary>That of the nearest pixel.</summary>
    Nearest,

    /// <summary>The mean of the four pixels around, weighed by their distance along rows and columns.</summary>
    Bilinear,
}
