namespace Anneal;

/// <summary>
/// Where the first value of a parameter comes from. Values are drawn by Philox from the model's seed and the parameter's full name, so
/// those of one layer do not depend on the others. Definitions are those of Keras.
/// </summary>
public abstract record Initializer
{
    private protected Initializer()
    {
    }

    /// <summary>0 everywhere: the default of biases.</summary>
    public static Initializer Zeros { get; } = new Constant(0);

    /// <summary>1 everywhere.</summary>
    public static Initializer Ones { get; } = new Constant(1);

    /// <summary>Evenly within ± sqrt(6 / (fan in + fan out)): the default of kernels.</summary>
    public static Initializer GlorotUniform { get; } = new VarianceScaling(1, FanMode.Average, ScalingDistribution.Uniform);

    /// <summary>Truncated normal with the variance 2 / (fan in + fan out).</summary>
    public static Initializer GlorotNormal { get; } = new VarianceScaling(1, FanMode.Average, ScalingDistribution.TruncatedNormal);

    /// <summary>Evenly within ± sqrt(6 / fan in).</summary>
    public static Initializer HeUniform { get; } = new VarianceScaling(2, FanMode.Input, ScalingDistribution.Uniform);

    /// <summary>Truncated normal with the variance 2 / fan in.</summary>
    public static Initializer HeNormal { get; } = new VarianceScaling(2, FanMode.Input, ScalingDistribution.TruncatedNormal);

    /// <summary>Evenly within ± sqrt(3 / fan in).</summary>
    public static Initializer LeCunUniform { get; } = new VarianceScaling(1, FanMode.Input, ScalingDistribution.Uniform);

    /// <summary>Truncated normal with the variance 1 / fan in.</summary>
    public static Initializer LeCunNormal { get; } = new VarianceScaling(1, FanMode.Input, ScalingDistribution.TruncatedNormal);

    /// <summary>Writes first values.</summary>
    /// <param name="data">Where to.</param>
    /// <param name="seed">The model's seed.</param>
    /// <param name="stream">A hash of the parameter's name.</param>
    internal abstract void Fill(TensorData data, ulong seed, ulong stream);

    internal abstract void WriteConfig(LayerConfig config);

    /// <summary>The products of the extents that feed an output and that are fed by an input, as Keras counts them.</summary>
    internal static (double In, double Out) Fans(Shape shape)
    {
        if (shape.Rank == 0)
            return (1, 1);
        if (shape.Rank == 1)
            return (shape[0], shape[0]);
        double field = shape[..^2].ElementCount;
        return (shape[^2] * field, shape[^1] * field);
    }

    private protected static double Positive(double value, string name) =>
        value > 0 && double.IsFinite(value) ? value : throw Mistake(value, name, "a finite number above 0");

    private protected static double Finite(double value, string name) =>
        double.IsFinite(value) ? value : throw Mistake(value, name, "a finite number");

    private static OptionException Mistake(double value, string name, string expected) =>
        new(FormattableString.Invariant($"Initializer: {name} must be {expected}, not {value}."));
}
