namespace Anneal.Models;

/// <summary>How the elements of a tensor lie in a published file, beside how they lie here.</summary>
internal enum WeightLayout
{
    /// <summary>As here.</summary>
    Same,

    /// <summary>A product's kernel <c>[outputs, inputs]</c>; here <c>[inputs, outputs]</c>.</summary>
    OutputsFirst,

    /// <summary>A convolution's kernel <c>[outputs, inputs, height, width]</c>; here <c>[height, width, inputs, outputs]</c>.</summary>
    ChannelsFirst,

    /// <summary>A count as one int64; here float32.</summary>
    Count,
}

/// <summary>One tensor of a model and its place in a published file.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Variable">The parameter or state.</param>
/// <param name="Layout">How it lies in the file.</param>
internal sealed record WeightEntry(string Name, Variable Variable, WeightLayout Layout)
{
    /// <summary>The extents in the file.</summary>
    internal Shape FileShape { get; } = ToFile(Variable.Shape, Layout);

    /// <summary>The order of our axes that gives those of the file; null where they are the same.</summary>
    internal static int[]? FileAxes(WeightLayout layout) => layout switch
    {
        WeightLayout.OutputsFirst => [1, 0],
        WeightLayout.ChannelsFirst => [3, 2, 0, 1],
        _ => null,
    };

    private static Shape ToFile(Shape shape, WeightLayout layout) =>
        FileAxes(layout) is { } axes ? new Shape([.. axes.Select(a => shape[a])]) : shape;
}
