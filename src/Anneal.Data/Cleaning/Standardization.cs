namespace Anneal.Data;

/// <summary>What shares a mean and a standard deviation.</summary>
public enum StandardizationScope
{
    /// <summary>Each feature of the last axis has its own: columns of a table, channels of an image.</summary>
    Feature,

    /// <summary>All values together have one.</summary>
    Whole,
}

/// <summary>How to compute a <see cref="Normalization"/> from data.</summary>
public sealed record StandardizationOptions
{
    /// <summary>What shares a mean and a standard deviation.</summary>
    public StandardizationScope Scope { get; init; } = StandardizationScope.Feature;

    /// <summary>Which input of the data set.</summary>
    public int Input { get; init; }
}

/// <summary>Computes the normalization that gives values a mean of 0 and a standard deviation of 1.</summary>
/// <example>Compute it on the training part alone, or the model has seen the test: <code>
/// Normalization standard = Standardization.Fit(train);
/// (train, test) = (train.Normalize(standard), test.Normalize(standard));
/// </code></example>
public static unsafe class Standardization
{
    private const int ChunkExamples = 256;

    /// <summary>Goes through a data set twice, for the mean and then for the deviation from it, in double precision.</summary>
    /// <param name="train">The examples to learn from.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <returns>
    /// <c>(x - mean) / deviation</c> with the deviation of the population (divided by n); a feature that never changes is only centred.
    /// </returns>
    /// <exception cref="DatasetException">The data set is empty, has no such input, or a value is not finite.</exception>
    public static Normalization Fit(Dataset train, StandardizationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        options ??= new StandardizationOptions();
        if ((uint)options.Input >= (uint)train.Inputs.Count)
            throw new DatasetException($"The data set has no input {options.Input}: it has {train.Inputs.Count}.");
        TensorType type = train.Inputs[options.Input];
        if (!Enum.IsDefined(options.Scope))
            throw new OptionException($"{options.Scope} is not a scope of standardization.");
        if (train.Count == 0 || type.Shape.ElementCount == 0)
            throw new DatasetException($"A mean needs at least one value, but there are {train.Count} examples of {type}.");
        if (type.DType == DType.Bool)
            throw new DTypeException($"A mean needs numbers, but the input is {type}.");

        int features = options.Scope == StandardizationScope.Whole || type.Shape.Rank == 0 ? 1 : checked((int)type.Shape[^1]);
        double count = (double)train.Count * type.Shape.ElementCount / features;
        double[] mean = Sum(train, options.Input, new double[features], centred: false);
        for (int i = 0; i < features; i++)
        {
            mean[i] /= count;
            if (!double.IsFinite(mean[i]))
                throw new DatasetException($"The mean of feature {i} is not finite: some of its values are not, or are too large.");
        }

        double[] deviation = Sum(train, options.Input, mean, centred: true);
        for (int i = 0; i < features; i++)
            deviation[i] = Math.Sqrt(deviation[i] / count);
        return Normalization.Standard(mean, deviation);
    }

    /// <summary>
    /// The sum of each feature, or of its squared distances from a centre, over all examples in their order, so that it comes out the
    /// same each time.
    /// </summary>
    private static double[] Sum(Dataset data, int input, double[] centre, bool centred)
    {
        var sums = new double[centre.Length];
        var indices = new int[Math.Min(ChunkExamples, data.Count)];
        Batch batch = data.CreateBatch(indices.Length);
        for (int start = 0; start < data.Count; start += indices.Length)
        {
            if (data.Count - start < indices.Length)
            {
                indices = new int[data.Count - start];
                batch = data.CreateBatch(indices.Length);
            }

            for (int i = 0; i < indices.Length; i++)
                indices[i] = start + i;
            data.Fill(indices, batch);
            Add(batch.Inputs[input], centre, centred, sums);
        }

        return sums;
    }

    private static void Add(TensorData values, double[] centre, bool centred, double[] sums)
    {
        // Almost all data is float32 here, and the general way to read a value is many times slower.
        float* floats = values.DType == DType.Float32 ? (float*)values.Pointer : null;
        long count = values.Shape.ElementCount;
        for (long start = 0; start < count; start += sums.Length)
        {
            for (int i = 0; i < sums.Length; i++)
            {
                double value = floats is not null ? floats[start + i] : values.GetDouble(start + i);
                double distance = value - centre[i];
                sums[i] += centred ? distance * distance : value;
            }
        }

        GC.KeepAlive(values);
    }
}
