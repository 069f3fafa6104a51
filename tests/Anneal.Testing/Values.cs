using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>Seeded values, the same on every machine.</summary>
internal static class Values
{
    /// <summary>Numbers drawn evenly from a range, exact in float32.</summary>
    internal static double[] Uniform(long count, double low, double high, int seed)
    {
        var values = new double[count];
        for (long i = 0; i < count; i++)
            values[i] = (float)(low + (high - low) * Philox.Uniform((ulong)seed, 77, 0, i));
        return values;
    }

    /// <summary>Whole numbers from a range, the upper end excluded.</summary>
    internal static double[] Integers(long count, long low, long high, int seed)
    {
        double[] values = Uniform(count, 0, 1, seed);
        for (int i = 0; i < values.Length; i++)
            values[i] = low + Math.Min(high - low - 1, (long)(values[i] * (high - low)));
        return values;
    }

    internal static TensorData ToData(double[] values, TensorType type)
    {
        var data = new TensorData(type);
        for (int i = 0; i < values.Length; i++)
            data.SetDouble(i, values[i]);
        return data;
    }

    internal static double[] ToDoubles(TensorData data)
    {
        var values = new double[data.Shape.ElementCount];
        for (int i = 0; i < values.Length; i++)
            values[i] = data.GetDouble(i);
        return values;
    }
}
