namespace Anneal;

/// <summary>Scales what has a larger norm down to the maximum: for a kernel <c>[features, units]</c>, the weights of each unit.</summary>
public sealed record MaxNorm : Constraint
{
    private readonly int[] _axes;

    /// <summary>Makes the constraint.</summary>
    /// <param name="maximum">The largest norm; finite and at least 0.</param>
    /// <param name="axes">The axes over which norms are taken; none is the first.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public MaxNorm(double maximum = 2, params ReadOnlySpan<int> axes)
    {
        Maximum = Require.Within(maximum, 0, double.PositiveInfinity, nameof(MaxNorm), nameof(maximum));
        _axes = CheckedAxes(axes);
    }

    /// <summary>The largest norm.</summary>
    public double Maximum { get; }

    /// <summary>The axes over which norms are taken.</summary>
    public IReadOnlyList<int> Axes => _axes;

    /// <inheritdoc/>
    public override Tensor Apply(Tensor value)
    {
        Tensor norm = NormOver(value, _axes);
        return value * (Tensor.Minimum(norm, norm.FillLike(Maximum)) / (norm + Epsilon));
    }

    internal override void RequireFits(Shape shape, string variable) => RequireAxes(_axes, shape, variable);

    internal override void WriteConfig(LayerConfig config)
    {
        config.Set("maximum", Maximum);
        config.Set("axes", [.. _axes.Select(a => (long)a)]);
    }
}
