namespace Anneal;

/// <summary>One number everywhere.</summary>
public sealed record Constant : Initializer
{
    /// <summary>Makes the initializer.</summary>
    /// <exception cref="OptionException">The value is not finite.</exception>
    public Constant(double value) => Value = Finite(value, nameof(value));

    /// <summary>The number.</summary>
    public double Value { get; }

    internal override void Fill(TensorData data, ulong seed, ulong stream)
    {
        for (long i = 0; i < data.Shape.ElementCount; i++)
            data.SetDouble(i, Value);
    }

    internal override void WriteConfig(LayerConfig config) => config.Set("value", Value);
}
