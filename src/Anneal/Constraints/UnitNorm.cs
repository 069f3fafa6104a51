namespace Anneal;

/// <summary>Scales everything to the norm 1: for a kernel <c>[features, units]</c>, the weights of each unit.</summary>
public sealed record UnitNorm : Constraint
{
    private readonly int[] _axes;

    /// <summary>Makes the constraint.</summary>
    /// <param name="axes">The axes over which norms are taken; none is the first.</param>
    /// <exception cref="OptionException">An axis is negative or given twice.</exception>
    public UnitNorm(params ReadOnlySpan<int> axes) => _axes = CheckedAxes(axes);

    /// <summary>The axes over which norms are taken.</summary>
    public IReadOnlyList<int> Axes => _axes;

    /// <inheritdoc/>
    public override Tensor Apply(Tensor value) => value / (NormOver(value, _axes) + Epsilon);

    internal override void RequireFits(Shape shape, string variable) => RequireAxes(_axes, shape, variable);

    internal override void WriteConfig(LayerConfig config) => config.Set("axes", [.. _axes.Select(a => (long)a)]);
}
