using System.Globalization;

namespace Anneal;

/// <summary>Checks of constructor arguments; each failure names the layer and the argument.</summary>
internal static class Require
{
    internal static int AtLeastOne(int value, string layer, string argument) => value >= 1
        ? value
        : throw Mistake(layer, argument, "at least 1", value.ToString(CultureInfo.InvariantCulture));

    internal static Size2D AtLeastOne(Size2D value, string layer, string argument) => value is { Height: >= 1, Width: >= 1 }
        ? value
        : throw Mistake(layer, argument, "at least 1 in both directions", value.ToString());

    internal static T Defined<T>(T value, string layer, string argument) where T : struct, Enum => Enum.IsDefined(value)
        ? value
        : throw Mistake(layer, argument, "one of " + string.Join(", ", Enum.GetNames<T>()), value.ToString());

    /// <summary>A number from <paramref name="low"/> (inclusive) to <paramref name="high"/> (exclusive); NaN fails.</summary>
    internal static double Within(double value, double low, double high, string layer, string argument) => value >= low && value < high
        ? value
        : throw Mistake(
            layer, argument,
            high == double.PositiveInfinity ? FormattableString.Invariant($"a finite number of at least {low}") : FormattableString.Invariant($"at least {low} and below {high}"),
            value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A number above 0 and at most 1.</summary>
    internal static double Share(double value, string layer, string argument) => value is > 0 and <= 1
        ? value
        : throw Mistake(layer, argument, "above 0 and at most 1", value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A finite number above 0.</summary>
    internal static double Positive(double value, string layer, string argument) => value > 0 && double.IsFinite(value)
        ? value
        : throw Mistake(layer, argument, "a finite number above 0", value.ToString(CultureInfo.InvariantCulture));

    internal static void Rank(Shape shape, int rank, Layer layer, string expected)
    {
        if (shape.Rank != rank)
            throw new ShapeException($"Layer {layer.Path} expects an input {expected}, but found one of shape {shape}.");
    }

    internal static void Floating(Tensor input, Layer layer)
    {
        if (input.DType != DType.Float32)
            throw new DTypeException($"Layer {layer.Path} expects a float32 input, but found {input.Type}. Hint: normalize or convert it first.");
    }

    /// <summary>Floating-point numbers of any width.</summary>
    internal static void FloatingPoint(Tensor input, Layer layer)
    {
        if (!input.DType.IsFloating())
            throw new DTypeException($"Layer {layer.Path} expects an input of floating-point numbers, but found {input.Type}. Hint: normalize or convert it first.");
    }

    private static OptionException Mistake(string layer, string argument, string expected, string found) =>
        new($"{layer}: {argument} must be {expected}, but is {found}.");
}
