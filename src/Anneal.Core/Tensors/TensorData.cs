using System.Runtime.InteropServices;

namespace Anneal;

/// <summary>
/// Values of a tensor in the memory of the host: what goes into a program and what comes out of it. Elements lie in row-major order.
/// The memory is freed with the object; there is nothing to dispose of.
/// </summary>
public sealed unsafe class TensorData
{
    private readonly PinnedBuffer _buffer;

    /// <summary>Makes a tensor of zeros.</summary>
    /// <param name="dtype">The type of the elements.</param>
    /// <param name="shape">The extents.</param>
    public TensorData(DType dtype, Shape shape) : this(new TensorType(dtype, shape))
    {
    }

    /// <summary>Makes a tensor of zeros.</summary>
    public TensorData(TensorType type)
    {
        Type = type;
        _buffer = new PinnedBuffer(type.ByteCount);
    }

    /// <summary>The data type and shape.</summary>
    public TensorType Type { get; }

    /// <summary>The extents.</summary>
    public Shape Shape => Type.Shape;

    /// <summary>The type of the elements.</summary>
    public DType DType => Type.DType;

    internal byte* Pointer => _buffer.Pointer;

    /// <summary>Copies values into a new tensor.</summary>
    /// <param name="values">The elements in row-major order.</param>
    /// <param name="shape">The extents; their product is the number of values.</param>
    /// <exception cref="ShapeException">The shape has another number of elements.</exception>
    public static TensorData From<T>(ReadOnlySpan<T> values, Shape shape) where T : unmanaged
    {
        if (shape.ElementCount != values.Length)
            throw new ShapeException($"Shape {shape} has {shape.ElementCount} elements, but {values.Length} values were given.");
        var data = new TensorData(DTypes.Of<T>(), shape);
        values.CopyTo(data.AsSpan<T>());
        return data;
    }

    /// <summary>Copies an array into a new tensor of the given extents.</summary>
    public static TensorData From<T>(T[] values, Shape shape) where T : unmanaged => From((ReadOnlySpan<T>)values, shape);

    /// <summary>Copies an array into a new tensor of one axis.</summary>
    public static TensorData From<T>(T[] values) where T : unmanaged => From((ReadOnlySpan<T>)values, values.Length);

    /// <summary>Copies a two-dimensional array into a new tensor <c>[rows, columns]</c>.</summary>
    public static TensorData From<T>(T[,] values) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        Shape shape = [values.GetLength(0), values.GetLength(1)];
        return values.Length == 0
            ? new TensorData(DTypes.Of<T>(), shape)
            : From(MemoryMarshal.CreateReadOnlySpan(ref values[0, 0], values.Length), shape);
    }

    /// <summary>A tensor of one value and no axes.</summary>
    public static TensorData Scalar<T>(T value) where T : unmanaged => From([value], Shape.Scalar);

    /// <summary>The elements, to read or write in place.</summary>
    /// <exception cref="DTypeException">The elements are not of type <typeparamref name="T"/>.</exception>
    public Span<T> AsSpan<T>() where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
            throw new DTypeException($"The tensor holds {DType.Name()}, not {DTypes.Of<T>().Name()}.");
        return MemoryMarshal.Cast<byte, T>(AsBytes());
    }

    /// <summary>The bytes of the elements, to read or write in place.</summary>
    /// <exception cref="ShapeException">The tensor is larger than 2 GB, the limit of a span.</exception>
    public Span<byte> AsBytes()
    {
        if (Type.ByteCount > int.MaxValue)
            throw new ShapeException($"{Type} is larger than 2 GB, the limit of a span.");
        return _buffer.Slice(0, (int)Type.ByteCount);
    }

    /// <summary>The bytes of some elements.</summary>
    internal Span<byte> AsBytes(long start, int length) => _buffer.Slice(start, length);

    /// <summary>The elements as a new array.</summary>
    /// <exception cref="DTypeException">The elements are not of type <typeparamref name="T"/>.</exception>
    public T[] ToArray<T>() where T : unmanaged => AsSpan<T>().ToArray();

    /// <summary>The only element.</summary>
    /// <exception cref="ShapeException">There is not exactly one element.</exception>
    public T Item<T>() where T : unmanaged
    {
        if (Shape.ElementCount != 1)
            throw new ShapeException($"Item needs a tensor with one element; this one is {Type}.");
        return AsSpan<T>()[0];
    }

    /// <summary>The same values under another shape; the memory is shared.</summary>
    /// <exception cref="ShapeException">The number of elements differs.</exception>
    public TensorData Reshape(Shape shape)
    {
        if (shape.ElementCount != Shape.ElementCount)
            throw new ShapeException($"{Type} cannot take the shape {shape}: {Shape.ElementCount} against {shape.ElementCount} elements.");
        return new TensorData(Type with { Shape = shape }, _buffer);
    }

    private TensorData(TensorType type, PinnedBuffer buffer) => (Type, _buffer) = (type, buffer);

    /// <summary>One element as a double, whatever its type; for readers that do not care, such as the reference.</summary>
    internal double GetDouble(long index)
    {
        double value = DType switch
        {
            DType.Float32 => ((float*)Pointer)[index],
            DType.Float64 => ((double*)Pointer)[index],
            DType.Float16 => (double)((Half*)Pointer)[index],
            DType.BFloat16 => BitConverter.Int32BitsToSingle(((ushort*)Pointer)[index] << 16),
            DType.UInt8 or DType.Bool => Pointer[index],
            DType.Int8 => ((sbyte*)Pointer)[index],
            DType.Int32 => ((int*)Pointer)[index],
            DType.Int64 => ((long*)Pointer)[index],
            _ => throw new DTypeException($"{DType} cannot be read as a number."),
        };
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Stores a double, rounded to the element type (half to even; integers are truncated and saturate).</summary>
    internal void SetDouble(long index, double value)
    {
        switch (DType)
        {
            case DType.Float32: ((float*)Pointer)[index] = (float)value; break;
            case DType.Float64: ((double*)Pointer)[index] = value; break;
            case DType.Float16: ((Half*)Pointer)[index] = (Half)value; break;
            case DType.BFloat16: ((ushort*)Pointer)[index] = ToBFloat16((float)value); break;
            case DType.UInt8: Pointer[index] = (byte)Math.Clamp(value, byte.MinValue, byte.MaxValue); break;
            case DType.Int8: ((sbyte*)Pointer)[index] = (sbyte)Math.Clamp(value, sbyte.MinValue, sbyte.MaxValue); break;
            case DType.Int32: ((int*)Pointer)[index] = (int)value; break;
            case DType.Int64: ((long*)Pointer)[index] = (long)value; break;
            case DType.Bool: Pointer[index] = value != 0 ? (byte)1 : (byte)0; break;
            default: throw new DTypeException($"{DType} cannot hold a number.");
        }

        GC.KeepAlive(this);
    }

    /// <summary>The nearest bfloat16, ties to even; a NaN stays one.</summary>
    internal static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
