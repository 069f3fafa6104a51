namespace Anneal;

/// <summary>The type of the elements of a tensor.</summary>
public enum DType
{
    /// <summary>IEEE 754 single precision: the default of every layer.</summary>
    Float32,

    /// <summary>IEEE 754 double precision: gradient checks and the reference.</summary>
    Float64,

    /// <summary>IEEE 754 half precision.</summary>
    Float16,

    /// <summary>The upper half of a single-precision number.</summary>
    BFloat16,

    /// <summary>8-bit unsigned integer: image samples.</summary>
    UInt8,

    /// <summary>8-bit signed integer: quantized weights.</summary>
    Int8,

    /// <summary>32-bit signed integer: labels and indices.</summary>
    Int32,

    /// <summary>64-bit signed integer.</summary>
    Int64,

    /// <summary>A truth value in one byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Facts about data types.</summary>
public static class DTypes
{
    /// <summary>The size of one element in bytes.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.Float64 or DType.Int64 => 8,
        DType.Float32 or DType.Int32 => 4,
        DType.Float16 or DType.BFloat16 => 2,
        DType.UInt8 or DType.Int8 or DType.Bool => 1,
        _ => throw new DTypeException($"{type} is not a data type."),
    };

    /// <summary>Whether values of this type can carry a gradient.</summary>
    public static bool IsFloating(this DType type) => type is DType.Float32 or DType.Float64 or DType.Float16 or DType.BFloat16;

    /// <summary>Whether the type counts in whole numbers (<see cref="DType.Bool"/> does not).</summary>
    public static bool IsInteger(this DType type) => type is DType.UInt8 or DType.Int8 or DType.Int32 or DType.Int64;

    /// <summary>The name used in files and messages, such as <c>float32</c>.</summary>
    public static string Name(this DType type) => type.ToString().ToLowerInvariant();

    /// <summary>The data type that stores the .NET type <typeparamref name="T"/>.</summary>
    /// <exception cref="DTypeException">No data type stores <typeparamref name="T"/>.</exception>
    public static DType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? DType.Float32
        : typeof(T) == typeof(double) ? DType.Float64
        : typeof(T) == typeof(Half) ? DType.Float16
        : typeof(T) == typeof(byte) ? DType.UInt8
        : typeof(T) == typeof(sbyte) ? DType.Int8
        : typeof(T) == typeof(int) ? DType.Int32
        : typeof(T) == typeof(long) ? DType.Int64
        : typeof(T) == typeof(bool) ? DType.Bool
        : throw new DTypeException($"No data type stores {typeof(T).Name}. Use float, double, Half, byte, sbyte, int, long or bool.");
}
