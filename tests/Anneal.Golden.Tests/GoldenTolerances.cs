using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <summary>How closely float32 results follow the golden values, by family. What PyTorch itself reaches in float32 meets these.</summary>
internal static class GoldenTolerances
{
    /// <summary>The tolerance for an array whose largest magnitude is given.</summary>
    internal static Tolerance Of(string family, double largest) => family switch
    {
        "elementwise" or "shape" or "reduce" or "loss" or "norm" or "attention" or "recurrent" => EachAtLeastOne(4e-6),

        // Sums of products cancel: what counts is the magnitude of the terms, for which the largest element stands.
        "linalg" or "conv" => new Tolerance(2e-5 * Math.Max(1, largest), 0),
        "optimizer" => EachAtLeastOne(2e-6),
        "metric" => new Tolerance(1e-6, 0),
        _ => throw new InvalidDataException($"The family {family} has no tolerance."),
    };

    /// <summary>
    /// The tolerance of a gradient where the operation begins with <c>x * scale</c>. The product is rounded to float32 before anything
    /// else happens, so two logits that nearly tie differ by up to two roundings more or less than they should, and their shares, which the
    /// gradient is made of, by that part of themselves. PyTorch's float32 has the same roundings; one in twenty random inputs shows it.
    /// </summary>
    internal static Tolerance OfScaledGradient(string family, double largest, double largestProduct)
    {
        Tolerance plain = Of(family, largest);
        return plain with { Relative = plain.Relative + Math.ScaleB(largestProduct, -23) };
    }

    private static Tolerance EachAtLeastOne(double relative) => new(relative, relative) { Larger = true };
}
