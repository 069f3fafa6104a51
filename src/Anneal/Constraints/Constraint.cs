namespace Anneal;

/// <summary>
/// A condition that a parameter meets after every step: an optimizer's update is followed by it. First values and values that are loaded are not
/// changed. Definitions are those of Keras. Give one to any layer with <see cref="Layer.Constraints"/> or its shorter forms.
/// </summary>
public abstract record Constraint
{
    private protected const double Epsilon = 1e-7;

    private protected Constraint()
    {
    }

    /// <summary>The nearest value that meets the condition, of the same shape.</summary>
    public abstract Tensor Apply(Tensor value);

    /// <summary>Makes sure that the condition has a meaning for a shape.</summary>
    internal virtual void RequireFits(Shape shape, string variable)
    {
    }

    internal abstract void WriteConfig(LayerConfig config);

    internal static LayerConfig Write(Constraint constraint)
    {
        var config = new LayerConfig(constraint.GetType().Name);
        config.Set("type", config.Owner);
        constraint.WriteConfig(config);
        return config;
    }

    internal static Constraint Read(LayerConfig config) => config.GetString("type") switch
    {
        nameof(MaxNorm) => new MaxNorm(config.GetDouble("maximum"), Axes(config)),
        nameof(NonNegative) => new NonNegative(),
        nameof(UnitNorm) => new UnitNorm(Axes(config)),
        { } other => throw config.Fail("type", "a known constraint", other),
    };

    /// <summary>The axes over which norms are taken; the first where none is given.</summary>
    private protected int[] CheckedAxes(ReadOnlySpan<int> axes)
    {
        int[] values = axes.IsEmpty ? [0] : axes.ToArray();
        if (values.Distinct().Count() != values.Length || values.Any(a => a < 0))
            throw new OptionException($"{GetType().Name}: axes must be at least 0 and differ, but are {string.Join(", ", values)}.");
        return values;
    }

    private protected void RequireAxes(int[] axes, Shape shape, string variable)
    {
        if (axes.Max() >= shape.Rank)
            throw new OptionException($"{variable}: {GetType().Name} takes norms over the axes {string.Join(", ", axes)}, but the shape is {shape}.");
    }

    private protected static Tensor NormOver(Tensor value, int[] axes) => Tensor.Sqrt(Tensor.Square(value).Sum(axes, keepAxes: true));

    private static int[] Axes(LayerConfig config) => [.. config.GetInt64Array("axes").Select(a => checked((int)a))];
}
