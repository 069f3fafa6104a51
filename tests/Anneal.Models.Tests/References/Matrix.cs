namespace Anneal.Models.Tests;

/// <summary>The few operations on matrices of doubles that references of whole models are written with.</summary>
internal static class Matrix
{
    /// <summary>A tensor of a published file, in double precision.</summary>
    internal static double[] Values(TensorData data) => [.. Enumerable.Range(0, (int)data.Shape.ElementCount).Select(i => data.GetDouble(i))];

    /// <summary><c>x</c> times the transpose of a kernel <c>[outputs, inputs]</c>.</summary>
    internal static double[][] Product(double[][] x, TensorData kernel)
    {
        double[] k = Values(kernel);
        int outputs = (int)kernel.Shape[0], inputs = (int)kernel.Shape[1];
        return Array.ConvertAll(x, row => Enumerable.Range(0, outputs).Select(o => Enumerable.Range(0, inputs).Sum(i => row[i] * k[o * inputs + i])).ToArray());
    }

    internal static double[][] Rows(TensorData table, IEnumerable<int> ids)
    {
        double[] values = Values(table);
        int width = (int)table.Shape[1];
        return [.. ids.Select(id => values[(id * width)..((id + 1) * width)])];
    }

    internal static double[][] Sum(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (u, v) => u + v).ToArray())];

    internal static double[][] Times(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (u, v) => u * v).ToArray())];

    internal static double[][] Map(double[][] a, Func<double, double> function) => Array.ConvertAll(a, row => Array.ConvertAll(row, v => function(v)));

    internal static double[] Softmax(double[] scores)
    {
        double largest = scores.Max();
        double[] powers = Array.ConvertAll(scores, s => Math.Exp(s - largest));
        double sum = powers.Sum();
        return Array.ConvertAll(powers, p => p / sum);
    }

    /// <summary>Fails where a value is further away than a share of the largest expected one.</summary>
    internal static void AssertClose(double[] expected, ReadOnlySpan<float> found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        double largest = expected.Max(Math.Abs);
        Assert.True(largest > 0, "The reference gives nothing but zeros.");
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance * largest, $"value {i}: {found[i]:R}, expected {expected[i]:R}");
    }
}
