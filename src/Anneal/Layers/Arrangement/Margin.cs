using System.Globalization;

namespace Anneal;

/// <summary>How much goes before and after a sequence. A whole number stands for both.</summary>
/// <param name="Before">Steps before the first.</param>
/// <param name="After">Steps after the last.</param>
public readonly record struct Margin1D(int Before, int After)
{
    /// <summary>The same on both sides.</summary>
    public static implicit operator Margin1D(int both) => new(both, both);

    /// <summary>Steps before and after.</summary>
    public static implicit operator Margin1D((int Before, int After) margin) => new(margin.Before, margin.After);

    /// <summary>Such as <c>1, 0</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Before}, {After}");

    internal void Write(LayerConfig config, string name) => config.Set(name, [Before, After]);

    internal static Margin1D Read(LayerConfig config, string name) => config.GetInt32Array(name) is [var before, var after]
        ? new Margin1D(before, after)
        : throw config.Fail(name, "two numbers", "another list");
}

/// <summary>How much goes around an image. A whole number stands for all sides, a pair for (height, width).</summary>
/// <param name="Top">Rows above.</param>
/// <param name="Bottom">Rows below.</param>
/// <param name="Left">Columns on the left.</param>
/// <param name="Right">Columns on the right.</param>
public readonly record struct Margin2D(int Top, int Bottom, int Left, int Right)
{
    /// <summary>The same on all sides.</summary>
    public static implicit operator Margin2D(int all) => new(all, all, all, all);

    /// <summary>Rows above and below, columns left and right.</summary>
    public static implicit operator Margin2D((int Height, int Width) margin) => new(margin.Height, margin.Height, margin.Width, margin.Width);

    /// <summary>Rows (above, below) and columns (left, right).</summary>
    public static implicit operator Margin2D(((int Top, int Bottom) Rows, (int Left, int Right) Columns) margin) =>
        new(margin.Rows.Top, margin.Rows.Bottom, margin.Columns.Left, margin.Columns.Right);

    /// <summary>Such as <c>(1, 1), (0, 2)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Top}, {Bottom}), ({Left}, {Right})");

    internal Margin1D Rows => new(Top, Bottom);

    internal Margin1D Columns => new(Left, Right);

    internal void Write(LayerConfig config, string name) => config.Set(name, [Top, Bottom, Left, Right]);

    internal static Margin2D Read(LayerConfig config, string name) => config.GetInt32Array(name) is [var top, var bottom, var left, var right]
        ? new Margin2D(top, bottom, left, right)
        : throw config.Fail(name, "four numbers", "another list");
}
