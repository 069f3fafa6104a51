namespace Anneal;

/// <content>Encodings of positions. Angles are worked out in double precision: a position of thousands times a frequency loses float32's digits.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// Turns pairs of features by angles that grow with the position (Su et al., 2021), so that a product of a query with a key depends on
    /// their distance alone.
    /// </summary>
    /// <param name="x">Floating, <c>[batch, heads, time, dimension]</c>.</param>
    /// <param name="options">The base, the pairing and how many features are turned; null is the defaults.</param>
    /// <param name="offset">The position of the first step; at least 0.</param>
    /// <returns>The shape and type of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">The shape is another one, or the number of features is odd.</exception>
    /// <exception cref="DTypeException">The elements are not floating-point numbers.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static Tensor RotaryEmbedding(Tensor x, RotaryOptions? options = null, long offset = 0)
    {
        if (NotNull(x).Shape.Rank != 4)
            throw new ShapeException($"RotaryEmbedding: expects [batch, heads, time, dimension], but found {x.Shape}.{Here()}");
        if (offset < 0)
            throw new OptionException($"RotaryEmbedding: offset must be at least 0, but is {offset}.");
        return RotaryEmbedding(x, Range(x.Shape[2], DType.Int64) + offset, options);
    }

    /// <summary>Turns pairs of features by angles that grow with the position, which is given for each step.</summary>
    /// <param name="x">Floating, <c>[batch, heads, time, dimension]</c>.</param>
    /// <param name="positions">Int32 or int64, <c>[time]</c> or <c>[batch, time]</c>.</param>
    /// <param name="options">The base, the pairing and how many features are turned; null is the defaults.</param>
    /// <returns>The shape and type of <paramref name="x"/>.</returns>
    /// <exception cref="ShapeException">The shapes are other ones, or the number of features is odd.</exception>
    /// <exception cref="DTypeException">The elements are not floating-point numbers, or the positions not whole ones.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static Tensor RotaryEmbedding(Tensor x, Tensor positions, RotaryOptions? options = null)
    {
        Shape shape = NotNull(x).Shape, at = NotNull(positions).Shape;
        if (shape.Rank != 4 || !(at == shape[2..3] || at == new Shape(shape[0], shape[2])))
            throw new ShapeException($"RotaryEmbedding: expects [batch, heads, time, dimension] and positions [time] or [batch, time], but found {shape} and {at}.{Here()}");
        if (!x.DType.IsFloating() || positions.DType is not (DType.Int32 or DType.Int64))
            throw new DTypeException($"RotaryEmbedding: expects floating-point numbers and positions of int32 or int64, but found {x.Type} and {positions.Type}.{Here()}");
        options ??= new RotaryOptions();
        int dimension = options.DimensionOf(shape[3], "RotaryEmbedding"), half = dimension / 2;
        Tensor frequencies = Exp(Range(half).Cast(DType.Float64) * (-2 * Math.Log(options.Base) / dimension));
        Tensor angles = positions.Cast(DType.Float64).ExpandAxis(-1) * frequencies;
        angles = angles.Reshape(at.Rank == 1 ? 1 : shape[0], 1, shape[2], half);
        return Rotate(x, Cos(angles).Cast(x.DType), Sin(angles).Cast(x.DType), options.Pairing);
    }

    /// <summary>Turns the first features of a head by angles whose cosines and sines are given; the others stay as they are.</summary>
    /// <param name="x">Floating, <c>[batch, heads, time, dimension]</c>.</param>
    /// <param name="cos">Of the type of <paramref name="x"/>, <c>[batch or 1, 1, time, half of the features that are turned]</c>.</param>
    /// <param name="sin">As <paramref name="cos"/>.</param>
    /// <param name="pairing">Which features are turned together.</param>
    internal static Tensor Rotate(Tensor x, Tensor cos, Tensor sin, RotaryPairing pairing)
    {
        Shape shape = x.Shape;
        long half = cos.Shape[^1], dimension = 2 * half;
        Tensor turned = dimension == shape[3] ? x : x.Narrow(-1, 0, dimension);
        turned = pairing == RotaryPairing.Halves
            ? Turn(turned.Narrow(-1, 0, half), turned.Narrow(-1, half, half), cos, sin)
            : Turn(EverySecond(turned, 0), EverySecond(turned, 1), cos.ExpandAxis(-1), sin.ExpandAxis(-1)).Reshape(shape[..3].Concat(dimension));
        return dimension == shape[3] ? turned : Concat(-1, turned, x.Narrow(-1, dimension, shape[3] - dimension));
    }

    /// <summary>
    /// The fixed encoding of positions of Vaswani et al. (2017): feature 2i is the sine and feature 2i + 1 the cosine of the position times
    /// <paramref name="maximumWavelength"/> to the power of <c>-2i / dimension</c>.
    /// </summary>
    /// <param name="positions">Int32 or int64, any shape.</param>
    /// <param name="dimension">The number of features; at least 1.</param>
    /// <param name="maximumWavelength">What the longest wave approaches, in steps and over 2π; positive.</param>
    /// <param name="dtype">The floating-point type of the result.</param>
    /// <returns>The shape of the positions and an axis of <paramref name="dimension"/>.</returns>
    /// <exception cref="DTypeException">The positions are not whole numbers, or the result is not to be floating-point.</exception>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public static Tensor SinusoidalEncoding(Tensor positions, int dimension, double maximumWavelength = 10000, DType dtype = DType.Float32)
    {
        if (NotNull(positions).DType is not (DType.Int32 or DType.Int64) || !dtype.IsFloating())
            throw new DTypeException($"SinusoidalEncoding: makes floating-point numbers of positions of int32 or int64, but found {dtype.Name()} of {positions.Type}.{Here()}");
        if (dimension < 1 || !(maximumWavelength > 0 && double.IsFinite(maximumWavelength)))
        {
            throw new OptionException(FormattableString.Invariant(
                $"SinusoidalEncoding: needs a dimension of at least 1 and a positive wavelength, but found {dimension} and {maximumWavelength}."));
        }

        Tensor features = Range(dimension), pairs = features / 2;
        Tensor frequencies = Exp(pairs.Cast(DType.Float64) * (-2 * Math.Log(maximumWavelength) / dimension));

        // The cosine is the sine a quarter of a turn on.
        Tensor phases = (features - pairs * 2).Cast(DType.Float64) * (Math.PI / 2);
        return Sin(positions.Cast(DType.Float64).ExpandAxis(-1) * frequencies + phases).Cast(dtype);
    }

    private static Tensor Turn(Tensor a, Tensor b, Tensor cos, Tensor sin) => Concat(-1, a * cos - b * sin, b * cos + a * sin);

    /// <summary>The features 2i + <paramref name="first"/> of <c>[batch, heads, time, dimension]</c>, as <c>[batch, heads, time, dimension / 2, 1]</c>.</summary>
    private static Tensor EverySecond(Tensor x, int first) => x.Reshape(x.Shape[..3].Concat([x.Shape[3] / 2, 2])).Narrow(-1, first, 1);
}
