namespace Anneal;

/// <summary>
/// A random matrix with orthonormal rows or columns, whichever are fewer, times a gain. The last axis is that of the columns; all
/// others are joined into rows.
/// </summary>
public sealed record Orthogonal : Initializer
{
    /// <summary>Makes the initializer.</summary>
    /// <exception cref="OptionException">The gain is not above 0.</exception>
    public Orthogonal(double gain = 1) => Gain = Positive(gain, nameof(gain));

    /// <summary>The length of each row or column.</summary>
    public double Gain { get; }

    internal override void Fill(TensorData data, ulong seed, ulong stream)
    {
        if (data.Shape.Rank < 2)
            throw new ShapeException($"The orthogonal initializer needs at least two axes, but the parameter has the shape {data.Shape}.");
        int columns = checked((int)data.Shape[^1]), rows = checked((int)data.Shape[..^1].ElementCount);
        int count = Math.Min(rows, columns), length = Math.Max(rows, columns);
        double[][] vectors = DrawOrthonormal(new RandomSequence(seed, stream), count, length);
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
                data.SetDouble((long)r * columns + c, Gain * (rows < columns ? vectors[r][c] : vectors[c][r]));
        }
    }

    internal override void WriteConfig(LayerConfig config) => config.Set("gain", Gain);

    private static double[][] DrawOrthonormal(RandomSequence random, int count, int length)
    {
        var vectors = new double[count][];
        for (int i = 0; i < count; i++)
        {
            double[] vector = vectors[i] = new double[length];
            double norm;
            do
            {
                for (int k = 0; k < length; k++)
                    vector[k] = random.NextNormal();

                // Twice is enough (Giraud, Langou, Rozložník, 2005): the second pass removes what rounding left of the first.
                Project(vector, vectors.AsSpan(0, i));
                Project(vector, vectors.AsSpan(0, i));
                norm = Math.Sqrt(Dot(vector, vector));
            }
            while (norm < 1e-9);
            for (int k = 0; k < length; k++)
                vector[k] /= norm;
        }

        return vectors;
    }

    private static void Project(double[] vector, ReadOnlySpan<double[]> basis)
    {
        foreach (double[] other in basis)
        {
            double share = Dot(vector, other);
            for (int k = 0; k < vector.Length; k++)
                vector[k] -= share * other[k];
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int k = 0; k < a.Length; k++)
            sum += a[k] * b[k];
        return sum;
    }
}
