namespace Anneal;

/// <summary>
/// From where to where a number is drawn. A pair stands for (low, high), a single number f for -f to f.
/// </summary>
/// <param name="Low">The smallest number.</param>
/// <param name="High">The largest number; at least <paramref name="Low"/>.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>From -f to f.</summary>
    public static implicit operator Interval(double f) => new(-Math.Abs(f), Math.Abs(f));

    /// <summary>From the first number to the second.</summary>
    public static implicit operator Interval((double Low, double High) range) => new(range.Low, range.High);

    /// <summary>Such as <c>-0.1 to 0.1</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Low} to {High}");

    /// <summary>One number for each image, evenly drawn, as float32 <c>[batch, 1, 1]</c>.</summary>
    internal Tensor Draw(long batch, string use) => Tensor.RandomUniform([batch, 1, 1], use) * (High - Low) + Low;

    internal void Write(LayerConfig config, string name)
    {
        config.Set(name + "Low", Low);
        config.Set(name + "High", High);
    }

    internal static Interval Read(LayerConfig config, string name) => new(config.GetDouble(name + "Low"), config.GetDouble(name + "High"));

    /// <summary>Makes sure that the ends are in order and within limits; NaN fails.</summary>
    internal Interval Within(double low, double high, string layer, string argument) => Low >= low && High <= high && Low <= High
        ? this
        : throw new OptionException(FormattableString.Invariant($"{layer}: {argument} must lie between {low} and {high} with its lower end first, but is {this}."));
}
