using System.Reflection;

namespace Anneal.Tests;

/// <summary>A layer as the harness of all layers meets it.</summary>
/// <param name="Make">Makes the layer with ordinary options, always the same.</param>
/// <param name="Inputs">The types of one batch of each input, <c>[batch, ...]</c>.</param>
internal sealed record LayerCase(Func<Layer> Make, params TensorType[] Inputs)
{
    /// <summary>
    /// The same layer with one option changed, by the name of the constructor's parameter. The harness fails where a parameter of the
    /// constructor (but the name) is in no case of the layer, and where the change moves neither graph, weights nor loss.
    /// </summary>
    internal (string Option, Func<Layer> Make)[] Variants { get; init; } = [];

    /// <summary>The values of inputs of whole numbers are below this.</summary>
    internal int IndexLimit { get; init; } = 4;

    /// <summary>Whether the layer behaves differently in training (noise, statistics of the batch).</summary>
    internal bool IsRandom { get; init; }

    /// <summary>Where the values of floating-point inputs lie.</summary>
    internal (double Low, double High) Span { get; init; } = (-1, 1);

    public override string ToString() => Make().TypeName;
}

/// <summary>All layers with ordinary options and their variants; each family of layers adds a file with a static property.</summary>
internal static partial class LayerCases
{
    internal static IEnumerable<LayerCase> All => typeof(LayerCases)
        .GetProperties(BindingFlags.Static | BindingFlags.NonPublic)
        .Where(p => p.PropertyType == typeof(LayerCase[]))
        .OrderBy(p => p.Name, StringComparer.Ordinal)
        .SelectMany(p => (LayerCase[])p.GetValue(null)!);
}
