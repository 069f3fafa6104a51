using System.Globalization;

namespace Anneal;

/// <summary>An extent in rows and columns. A whole number stands for a square, a pair for (height, width).</summary>
/// <param name="Height">The number of rows.</param>
/// <param name="Width">The number of columns.</param>
public readonly record struct Size2D(int Height, int Width)
{
    /// <summary>A square.</summary>
    public static implicit operator Size2D(int side) => new(side, side);

    /// <summary>A height and a width.</summary>
    public static implicit operator Size2D((int Height, int Width) size) => new(size.Height, size.Width);

    /// <summary>Such as <c>3 x 3</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Height} x {Width}");
}
