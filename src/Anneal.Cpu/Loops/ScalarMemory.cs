namespace Anneal.Cpu;

/// <summary>Moves elements of any data type to and from tiles of 64-bit values: doubles for floating-point types, else longs.</summary>
internal static unsafe class ScalarMemory
{
    /// <summary>Whether values are held as longs.</summary>
    internal static bool IsWhole(DType type) => !type.IsFloating();

    internal static void Load(DType type, byte* source, long stride, byte* target, long count)
    {
        var whole = (long*)target;
        var real = (double*)target;
        for (long i = 0; i < count; i++, source += stride)
        {
            switch (type)
            {
                case DType.Float32: real[i] = *(float*)source; break;
                case DType.Float64: real[i] = *(double*)source; break;
                case DType.Float16: real[i] = (double)*(Half*)source; break;
                case DType.BFloat16: real[i] = BitConverter.Int32BitsToSingle(*(ushort*)source << 16); break;
                case DType.UInt8: whole[i] = *source; break;
                case DType.Int8: whole[i] = *(sbyte*)source; break;
                case DType.Int32: whole[i] = *(int*)source; break;
                case DType.Int64: whole[i] = *(long*)source; break;
                default: whole[i] = *source != 0 ? 1 : 0; break;
            }
        }
    }

    internal static void Store(DType type, byte* source, byte* target, long stride, long count)
    {
        var whole = (long*)source;
        var real = (double*)source;
        for (long i = 0; i < count; i++, target += stride)
        {
            switch (type)
            {
                case DType.Float32: *(float*)target = (float)real[i]; break;
                case DType.Float64: *(double*)target = real[i]; break;
                case DType.Float16: *(Half*)target = (Half)real[i]; break;
                case DType.BFloat16: *(ushort*)target = TensorData.ToBFloat16((float)real[i]); break;
                case DType.UInt8: *target = unchecked((byte)whole[i]); break;
                case DType.Int8: *(sbyte*)target = unchecked((sbyte)whole[i]); break;
                case DType.Int32: *(int*)target = unchecked((int)whole[i]); break;
                case DType.Int64: *(long*)target = whole[i]; break;
                default: *target = whole[i] != 0 ? (byte)1 : (byte)0; break;
            }
        }
    }

    internal static void Fill(DType type, double value, byte* target, long count)
    {
        if (IsWhole(type))
            new Span<long>(target, (int)count).Fill(Wrap(type, (long)value));
        else
            new Span<double>(target, (int)count).Fill(Round(type, value));
    }

    /// <summary>The value after a round trip through a floating-point type.</summary>
    internal static double Round(DType type, double value) => type switch
    {
        DType.Float32 => (float)value,
        DType.Float16 => (double)(Half)value,
        DType.BFloat16 => BitConverter.Int32BitsToSingle(TensorData.ToBFloat16((float)value) << 16),
        _ => value,
    };

    /// <summary>The nearest value of a type of whole numbers.</summary>
    internal static long Saturate(DType type, long value) => type switch
    {
        DType.UInt8 => Math.Clamp(value, byte.MinValue, byte.MaxValue),
        DType.Int8 => Math.Clamp(value, sbyte.MinValue, sbyte.MaxValue),
        DType.Int32 => Math.Clamp(value, int.MinValue, int.MaxValue),
        DType.Bool => value != 0 ? 1 : 0,
        _ => value,
    };

    /// <summary>The value after a round trip through a type of whole numbers, which wrap around.</summary>
    internal static long Wrap(DType type, long value) => type switch
    {
        DType.UInt8 => unchecked((byte)value),
        DType.Int8 => unchecked((sbyte)value),
        DType.Int32 => unchecked((int)value),
        DType.Bool => value != 0 ? 1 : 0,
        _ => value,
    };
}
