using System.Runtime.CompilerServices;
using Anneal.Saving;

namespace Anneal.Models;

/// <summary>Copies tensors between published files and variables: element types and the order of axes change on the way, tensor by tensor.</summary>
internal static unsafe class WeightConversion
{
    // A tile of a transposition stays in the cache: 32 rows of 128 bytes on either side.
    private const int Tile = 32;

    /// <summary>Whether a parameter can be read from elements of this type.</summary>
    internal static bool CanRead(DType type, WeightLayout layout) =>
        layout == WeightLayout.Count ? type == DType.Int64 : type.IsFloating();

    /// <summary>Fills a variable from a file.</summary>
    internal static void Read(MappedSafetensors file, SafetensorsEntry source, WeightEntry entry)
    {
        if (entry.FileShape.ElementCount == 0)
            return;
        Read(file.Pointer(source), source.Type.DType, entry);
        GC.KeepAlive(file);
    }

    /// <summary>Fills a variable from values of a type that lie somewhere as in the file.</summary>
    internal static void Read(byte* from, DType type, WeightEntry entry)
    {
        TensorData target = entry.Variable.Storage;
        float* to = (float*)target.Pointer;
        switch (type)
        {
            case DType.Float32: Read<Single32>(from, to, entry); break;
            case DType.BFloat16: Read<Brain16>(from, to, entry); break;
            case DType.Float16: Read<Half16>(from, to, entry); break;
            case DType.Float64: Read<Double64>(from, to, entry); break;
            case DType.Int64: *to = Unsafe.ReadUnaligned<long>(from); break;
            default: throw new DTypeException($"{entry.Name} is {type}, which no parameter can be read from.");
        }

        entry.Variable.MarkChanged();
        GC.KeepAlive(target);
    }

    /// <summary>Whether a file holds the values that a variable has.</summary>
    internal static bool IsSame(MappedSafetensors file, SafetensorsEntry source, WeightEntry entry)
    {
        var copy = new WeightEntry(entry.Name, new State(entry.Variable.Shape), entry.Layout);
        Read(file, source, copy);
        return Same(copy.Variable.Storage, entry.Variable.Storage);
    }

    /// <summary>The values of a variable as a file holds them.</summary>
    internal static TensorData ToFile(WeightEntry entry, DType type)
    {
        TensorData source = entry.Variable.Storage;
        if (entry.Layout == WeightLayout.Count)
            return TensorData.Scalar((long)source.GetDouble(0));
        TensorData inOrder = Permuted(source, entry);
        if (type == DType.Float32)
            return inOrder;
        var result = new TensorData(type, entry.FileShape);
        float* from = (float*)inOrder.Pointer;
        for (long i = 0; i < entry.FileShape.ElementCount; i++)
        {
            switch (type)
            {
                case DType.BFloat16: ((ushort*)result.Pointer)[i] = TensorData.ToBFloat16(from[i]); break;
                case DType.Float16: ((Half*)result.Pointer)[i] = (Half)from[i]; break;
                default: result.SetDouble(i, from[i]); break;
            }
        }

        GC.KeepAlive(inOrder);
        return result;
    }

    /// <summary>Whether every value of a variable can be told in a type.</summary>
    internal static bool Survives(WeightEntry entry, DType type)
    {
        if (type is DType.Float32 or DType.Float64)
            return true;
        TensorData data = entry.Variable.Storage;
        float* values = (float*)data.Pointer;
        bool survives = true;
        for (long i = 0; i < data.Shape.ElementCount && survives; i++)
        {
            float back = type == DType.Float16 ? (float)(Half)values[i] : BitConverter.UInt32BitsToSingle((uint)TensorData.ToBFloat16(values[i]) << 16);
            survives = BitConverter.SingleToUInt32Bits(back) == BitConverter.SingleToUInt32Bits(values[i]);
        }

        GC.KeepAlive(data);
        return survives;
    }

    private static bool Same(TensorData a, TensorData b)
    {
        const int Piece = 1 << 24;
        for (long done = 0; done < a.Type.ByteCount; done += Piece)
        {
            int length = (int)Math.Min(Piece, a.Type.ByteCount - done);
            if (!a.AsBytes(done, length).SequenceEqual(b.AsBytes(done, length)))
                return false;
        }

        return true;
    }

    private static TensorData Permuted(TensorData source, WeightEntry entry)
    {
        Shape ours = entry.Variable.Shape;
        if (entry.Layout == WeightLayout.Same || ours.ElementCount == 0)
            return source.Reshape(entry.FileShape);
        var result = new TensorData(DType.Float32, entry.FileShape);
        byte* from = source.Pointer;
        float* to = (float*)result.Pointer;
        if (entry.Layout == WeightLayout.OutputsFirst)
        {
            Transpose<Single32>(from, to, ours[0], ours[1]);
        }
        else
        {
            // [height · width, inputs, outputs] to [outputs, inputs, height · width].
            long places = ours[0] * ours[1], inputs = ours[2], outputs = ours[3];
            for (long p = 0; p < places; p++)
            {
                for (long i = 0; i < inputs; i++)
                {
                    for (long o = 0; o < outputs; o++)
                        to[(o * inputs + i) * places + p] = ((float*)from)[(p * inputs + i) * outputs + o];
                }
            }
        }

        GC.KeepAlive(source);
        return result;
    }

    private static void Read<T>(byte* from, float* to, WeightEntry entry) where T : struct, IElement
    {
        Shape file = entry.FileShape;
        switch (entry.Layout)
        {
            case WeightLayout.OutputsFirst:
                Transpose<T>(from, to, file[0], file[1]);
                break;
            case WeightLayout.ChannelsFirst:
                long outputs = file[0], inputs = file[1], places = file[2] * file[3];
                for (long o = 0; o < outputs; o++)
                {
                    for (long i = 0; i < inputs; i++)
                    {
                        for (long p = 0; p < places; p++)
                            to[(p * inputs + i) * outputs + o] = T.Read(from, (o * inputs + i) * places + p);
                    }
                }

                break;
            case WeightLayout.Same when typeof(T) == typeof(Single32):
                Buffer.MemoryCopy(from, to, file.ElementCount * sizeof(float), file.ElementCount * sizeof(float));
                break;
            default:
                for (long i = 0; i < file.ElementCount; i++)
                    to[i] = T.Read(from, i);
                break;
        }
    }

    /// <summary>Rows become columns, tile by tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose<T>(byte* from, float* to, long rows, long columns) where T : struct, IElement
    {
        for (long top = 0; top < rows; top += Tile)
        {
            long bottom = Math.Min(top + Tile, rows);
            for (long left = 0; left < columns; left += Tile)
            {
                long right = Math.Min(left + Tile, columns);
                for (long c = left; c < right; c++)
                {
                    for (long r = top; r < bottom; r++)
                        to[c * rows + r] = T.Read(from, r * columns + c);
                }
            }
        }
    }

    /// <summary>How an element of a file becomes a float32. Files need not align their values.</summary>
    private interface IElement
    {
        static abstract float Read(byte* values, long index);
    }

    private readonly struct Single32 : IElement
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Read(byte* values, long index) => Unsafe.ReadUnaligned<float>(values + index * sizeof(float));
    }

    private readonly struct Brain16 : IElement
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Read(byte* values, long index) => BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(values + index * sizeof(ushort)) << 16);
    }

    private readonly struct Half16 : IElement
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Read(byte* values, long index) => (float)Unsafe.ReadUnaligned<Half>(values + index * sizeof(ushort));
    }

    private readonly struct Double64 : IElement
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static float Read(byte* values, long index) => (float)Unsafe.ReadUnaligned<double>(values + index * sizeof(double));
    }
}
