using System.Numerics;

namespace Anneal;

/// <summary>
/// Turns stored values into the float32 values that a model sees: <c>value * scale + offset</c>, computed in double precision and
/// rounded once, with one scale and offset for all values or one for each feature of the last axis.
/// </summary>
public sealed unsafe class Normalization
{
    private readonly double[] _scale, _offset;
    private readonly float[]? _byteTable;

    /// <summary>Makes a normalization with the same scale and offset for every value.</summary>
    /// <param name="scale">The factor of each value.</param>
    /// <param name="offset">What is added to the product.</param>
    /// <exception cref="OptionException">A number is not finite.</exception>
    public Normalization(double scale, double offset = 0) : this([scale], [offset])
    {
    }

    /// <summary>Makes a normalization with a scale and offset for each feature of the last axis.</summary>
    /// <param name="scale">The factor of each feature.</param>
    /// <param name="offset">What is added to the product, for each feature.</param>
    /// <exception cref="OptionException">The lengths differ or are 0, or a number is not finite.</exception>
    public Normalization(ReadOnlySpan<double> scale, ReadOnlySpan<double> offset)
    {
        if (scale.IsEmpty || scale.Length != offset.Length)
        {
            throw new OptionException(
                $"A normalization needs as many offsets as scales, at least one, but got {offset.Length} and {scale.Length}.");
        }

        (_scale, _offset) = (scale.ToArray(), offset.ToArray());
        for (int i = 0; i < _scale.Length; i++)
        {
            if (!double.IsFinite(_scale[i]) || !double.IsFinite(_offset[i]))
                throw new OptionException($"The normalization of feature {i} is not finite.");
        }

        if (_scale.Length == 1)
            _byteTable = MakeByteTable(_scale[0], _offset[0]);
    }

    /// <summary>Takes samples of 8 bits from 0..255 to 0..1: division by 255.</summary>
    public static Normalization Unit { get; } = new(1 / 255.0);

    /// <summary>The number of features with a scale of their own; 1 where all values share it.</summary>
    public int FeatureCount => _scale.Length;

    /// <summary>The factor of each feature.</summary>
    public ReadOnlySpan<double> Scale => _scale;

    /// <summary>What is added to the product, for each feature.</summary>
    public ReadOnlySpan<double> Offset => _offset;

    /// <summary>The normalization that subtracts a mean and divides by a standard deviation, for each feature.</summary>
    /// <param name="mean">The mean of each feature.</param>
    /// <param name="deviation">The standard deviation of each feature; a feature with 0 is only centred.</param>
    /// <exception cref="OptionException">The lengths differ or are 0, or a number is not finite or negative.</exception>
    public static Normalization Standard(ReadOnlySpan<double> mean, ReadOnlySpan<double> deviation)
    {
        if (mean.Length != deviation.Length)
            throw new OptionException($"A normalization needs as many deviations as means, but got {deviation.Length} and {mean.Length}.");
        var scale = new double[mean.Length];
        var offset = new double[mean.Length];
        for (int i = 0; i < scale.Length; i++)
        {
            if (!(deviation[i] >= 0))
                throw new OptionException($"The standard deviation of feature {i} is not a number of at least 0.");
            scale[i] = deviation[i] == 0 ? 1 : 1 / deviation[i];
            offset[i] = -mean[i] * scale[i];
        }

        return new Normalization(scale, offset);
    }

    /// <summary>The normalization that does this one and then another.</summary>
    /// <param name="next">What comes after; it has as many features, or one of the two has a single one.</param>
    /// <exception cref="OptionException">The numbers of features differ.</exception>
    public Normalization Then(Normalization next)
    {
        ArgumentNullException.ThrowIfNull(next);
        int count = Math.Max(FeatureCount, next.FeatureCount);
        if ((FeatureCount != count && FeatureCount != 1) || (next.FeatureCount != count && next.FeatureCount != 1))
            throw new OptionException($"A normalization of {FeatureCount} features cannot be followed by one of {next.FeatureCount}.");
        var scale = new double[count];
        var offset = new double[count];
        for (int i = 0; i < count; i++)
        {
            int mine = FeatureCount == 1 ? 0 : i, its = next.FeatureCount == 1 ? 0 : i;
            scale[i] = _scale[mine] * next._scale[its];
            offset[i] = _offset[mine] * next._scale[its] + next._offset[its];
        }

        return new Normalization(scale, offset);
    }

    internal void RequireFits(Shape example)
    {
        if (FeatureCount != 1 && (example.Rank == 0 || example[^1] != FeatureCount))
            throw new ShapeException($"The normalization has {FeatureCount} features, but the last axis of an example {example} has not.");
    }

    /// <summary>Normalizes whole examples; source and destination may be the same memory where the source is float32.</summary>
    internal void Apply(TensorData source, long start, float* destination, long count)
    {
        byte* from = source.Pointer;
        switch (source.DType)
        {
            case DType.UInt8 when _byteTable is not null: FromTable(from + start, destination, count, _byteTable); break;
            case DType.UInt8: Convert(from + start, destination, count); break;
            case DType.Int8: Convert((sbyte*)from + start, destination, count); break;
            case DType.Int32: Convert((int*)from + start, destination, count); break;
            case DType.Int64: Convert((long*)from + start, destination, count); break;
            case DType.Float32: Convert((float*)from + start, destination, count); break;
            case DType.Float64: Convert((double*)from + start, destination, count); break;
            case DType.Float16: Convert((Half*)from + start, destination, count); break;
            default:
                for (long i = 0; i < count; i++)
                    destination[i] = Rounded(source.GetDouble(start + i), i % FeatureCount);
                break;
        }

        GC.KeepAlive(source);
    }

    private void Convert<T>(T* source, float* destination, long count) where T : unmanaged, INumberBase<T>
    {
        if (FeatureCount == 1)
        {
            double scale = _scale[0], offset = _offset[0];
            for (long i = 0; i < count; i++)
                destination[i] = (float)(double.CreateTruncating(source[i]) * scale + offset);
            return;
        }

        for (long row = 0; row < count; row += FeatureCount)
        {
            for (int i = 0; i < FeatureCount; i++)
                destination[row + i] = Rounded(double.CreateTruncating(source[row + i]), i);
        }
    }

    private float Rounded(double value, long feature) => (float)(value * _scale[feature] + _offset[feature]);

    private static void FromTable(byte* source, float* destination, long count, float[] table)
    {
        // A table of 256 entries cannot be indexed out of bounds by a byte.
        fixed (float* entries = table)
        {
            for (long i = 0; i < count; i++)
                destination[i] = entries[source[i]];
        }
    }

    private static float[] MakeByteTable(double scale, double offset)
    {
        var table = new float[256];
        for (int i = 0; i < table.Length; i++)
            table[i] = (float)(i * scale + offset);
        return table;
    }
}
