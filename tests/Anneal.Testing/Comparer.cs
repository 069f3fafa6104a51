using System.Globalization;
using Xunit.Sdk;

namespace Anneal.Testing;

/// <summary>How far two numbers may differ: absolutely, and relative to the expected one.</summary>
public readonly record struct Tolerance(double Absolute, double Relative)
{
    /// <summary>Whether the larger of the two is allowed, instead of their sum.</summary>
    public bool Larger { get; init; }

    /// <summary>The largest difference allowed where this is expected.</summary>
    public double At(double expected) => Larger
        ? Math.Max(Absolute, Relative * Math.Abs(expected))
        : Absolute + Relative * Math.Abs(expected);
}

/// <summary>The one comparison of arrays of the project. A NaN equals only a NaN, an infinity only itself.</summary>
public static class Comparer
{
    /// <summary>The first few differences as text, or null where there are none.</summary>
    public static string? Difference(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, Tolerance tolerance)
    {
        if (expected.Length != actual.Length)
            return $"expected {expected.Length} values, got {actual.Length}";
        var lines = new List<string>();
        int wrong = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (Agree(expected[i], actual[i], tolerance))
                continue;
            wrong++;
            if (lines.Count < 5)
            {
                lines.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"[{i}] expected {expected[i]:R}, got {actual[i]:R} (off by {actual[i] - expected[i]:G3}, allowed {tolerance.At(expected[i]):G3})"));
            }
        }

        return wrong == 0 ? null : $"{wrong} of {expected.Length} values differ:\n" + string.Join("\n", lines);
    }

    /// <summary>Fails unless shapes are equal and every value is as close as the tolerance demands.</summary>
    public static void AssertClose(Shape expectedShape, ReadOnlySpan<double> expected, Shape actualShape, ReadOnlySpan<double> actual, Tolerance tolerance, string what)
    {
        if (expectedShape != actualShape)
            throw new XunitException($"{what}: expected the shape {expectedShape}, got {actualShape}.");
        if (Difference(expected, actual, tolerance) is { } difference)
            throw new XunitException($"{what}: {difference}");
    }

    /// <summary>Fails unless a gradient is there exactly where one is expected.</summary>
    public static void AssertPresent(Tensor? gradient, bool expected, string what)
    {
        if (gradient is null == expected)
            throw new XunitException(expected ? $"{what}: the gradient is lost." : $"{what}: there is a gradient where none can be.");
    }

    private static bool Agree(double expected, double actual, Tolerance tolerance)
    {
        if (double.IsNaN(expected))
            return double.IsNaN(actual);
        if (double.IsInfinity(expected))
            return actual == expected;

        // Written so that a NaN in the difference fails.
        return Math.Abs(actual - expected) <= tolerance.At(expected);
    }
}

/// <summary>The tolerances of the project, by data type and kind of computation. A looser one elsewhere carries its reason.</summary>
public static class Tolerances
{
    /// <summary>Half the distance between neighbours at 1, relative.</summary>
    public static double Epsilon(DType dtype) => dtype switch
    {
        DType.Float64 => Math.ScaleB(1, -53),
        DType.Float32 => Math.ScaleB(1, -24),
        DType.Float16 => Math.ScaleB(1, -11),
        DType.BFloat16 => Math.ScaleB(1, -8),
        _ => 0,
    };

    /// <summary>One operation on exact inputs: its rounding and the units in the last place that its record allows.</summary>
    public static Tolerance Elementwise(DType dtype, double ulp) =>
        new(dtype == DType.Float32 ? float.Epsilon * (1 + 2 * ulp) : 0, Epsilon(dtype) * (1 + 2 * ulp));

    /// <summary>
    /// A sum of terms up to a magnitude. Partial sums grow like a random walk, and so do their roundings over at most a block of terms:
    /// some six standard deviations of that model for evenly drawn terms, where products are rounded too (no fused multiply-add).
    /// </summary>
    public static Tolerance Sum(DType dtype, long length, double magnitude) =>
        new(Epsilon(dtype) * magnitude * (2 + Math.Sqrt(length) * Math.Sqrt(Math.Min(length, SumBlock))), Epsilon(dtype) * 4);

    /// <summary>No kernel adds more terms than this one after another.</summary>
    private const long SumBlock = 320;

    /// <summary>A chain of a few operations.</summary>
    public static Tolerance Chain(DType dtype) => new(Epsilon(dtype) * 40, Epsilon(dtype) * 40);

    /// <summary>Finite differences of fourth order in double precision.</summary>
    public static readonly Tolerance FiniteDifference = new(1e-7, 1e-6);
}
