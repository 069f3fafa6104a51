namespace Anneal;

/// <summary>
/// In training, sets each element to 0 with a probability and divides the others by the probability of being kept; otherwise gives its
/// input unchanged. The shape stays.
/// </summary>
public sealed class Dropout : Layer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="rate">The probability of being dropped, at least 0 and below 1.</param>
    /// <param name="name">The name; null takes <c>dropout</c> with a counter.</param>
    /// <exception cref="OptionException">The rate is out of range.</exception>
    public Dropout(double rate, string? name = null) : base(name) => Rate = Require.Within(rate, 0, 1, nameof(Dropout), nameof(rate));

    /// <summary>The probability of being dropped.</summary>
    public double Rate { get; }

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Require.Floating(input, this);
        if (Rate == 0 || Trace.Current is not { Training: true })
            return input;
        Tensor kept = Tensor.RandomUniform(input.Shape, "dropout").GreaterOrEqual(Rate);
        return Tensor.Select(kept, input * (1 / (1 - Rate)), input.FillLike(0));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config) => config.Set("rate", Rate);

    internal static Dropout Read(LayerConfig config) => new(config.GetDouble("rate"));
}
