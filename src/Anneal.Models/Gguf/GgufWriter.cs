using System.Buffers.Binary;
using System.Text;

namespace Anneal.Models;

/// <summary>A tensor that is to be written.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">How it is stored, one of <see cref="GgufTypes.Writable"/>.</param>
/// <param name="Shape">The extents, in our order.</param>
/// <param name="Make">Gives the values in single precision, when they are needed.</param>
internal sealed record GgufSource(string Name, GgufTensorType Type, Shape Shape, Func<TensorData> Make);

/// <summary>Writes GGUF files of version 3.</summary>
internal static unsafe class GgufWriter
{
    // Values are converted in pieces of so many: whole blocks of every type.
    private const int Piece = 1 << 20;

    internal static void Write(Stream stream, IReadOnlyList<(string Key, GgufValue Value)> metadata, IReadOnlyList<GgufSource> tensors)
    {
        var header = new MemoryStream();
        Write(header, GgufFile.Magic);
        Write(header, GgufFile.Version3);
        Write(header, (ulong)tensors.Count);
        Write(header, (ulong)metadata.Count);
        foreach ((string key, GgufValue value) in metadata)
        {
            Write(header, key);
            Write(header, (uint)value.Kind);
            WriteValue(header, value);
        }

        long offset = 0;
        foreach (GgufSource tensor in tensors)
        {
            Write(header, tensor.Name);
            Write(header, (uint)tensor.Shape.Rank);
            for (int axis = tensor.Shape.Rank - 1; axis >= 0; axis--)
                Write(header, (ulong)tensor.Shape[axis]);
            Write(header, (uint)tensor.Type);
            Write(header, (ulong)offset);
            offset = Aligned(offset + GgufTypes.ByteCount(tensor.Type, tensor.Shape.ElementCount));
        }

        header.Write(new byte[Aligned(header.Length) - header.Length]);
        header.WriteTo(stream);
        foreach (GgufSource tensor in tensors)
            WriteTensor(stream, tensor);
    }

    private static long Aligned(long position) => (position + GgufFile.DefaultAlignment - 1) / GgufFile.DefaultAlignment * GgufFile.DefaultAlignment;

    private static void WriteTensor(Stream stream, GgufSource tensor)
    {
        TensorData values = tensor.Make();
        if (values.DType != DType.Float32 || values.Shape != tensor.Shape)
            throw new InvalidOperationException($"The tensor {tensor.Name} was to be float32 {tensor.Shape}, but is {values.Type}.");
        long count = values.Shape.ElementCount, written = 0;
        var bytes = new byte[GgufTypes.ByteCount(tensor.Type, Math.Min(Piece, count))];
        for (long done = 0; done < count; done += Piece)
        {
            long now = Math.Min(Piece, count - done);
            int length = (int)GgufTypes.ByteCount(tensor.Type, now);
            fixed (byte* to = bytes)
                GgufQuantization.Run(tensor.Type, (float*)values.Pointer + done, to, now);
            stream.Write(bytes, 0, length);
            written += length;
        }

        GC.KeepAlive(values);
        stream.Write(new byte[Aligned(written) - written]);
    }

    private static void WriteValue(MemoryStream to, GgufValue value)
    {
        if (value.Kind != GgufValueKind.Array)
        {
            WriteScalar(to, value.Kind, value.Content);
            return;
        }

        var elements = (Array)value.Content;
        Write(to, (uint)value.ElementKind!.Value);
        Write(to, (ulong)elements.Length);
        foreach (object element in elements)
            WriteScalar(to, value.ElementKind.Value, element);
    }

    private static void WriteScalar(MemoryStream to, GgufValueKind kind, object value)
    {
        switch (kind)
        {
            case GgufValueKind.Text: Write(to, (string)value); break;
            case GgufValueKind.Boolean: to.WriteByte((bool)value ? (byte)1 : (byte)0); break;
            case GgufValueKind.UInt8: to.WriteByte(checked((byte)(long)value)); break;
            case GgufValueKind.UInt32: Write(to, checked((uint)(long)value)); break;
            case GgufValueKind.Int32: Write(to, unchecked((uint)checked((int)(long)value))); break;
            case GgufValueKind.Float32: Write(to, BitConverter.SingleToUInt32Bits((float)(double)value)); break;
            default: throw new InvalidOperationException($"Values of the kind {kind} are not written.");
        }
    }

    private static void Write(MemoryStream to, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Write(to, (ulong)utf8.Length);
        to.Write(utf8);
    }

    private static void Write(MemoryStream to, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        to.Write(bytes);
    }

    private static void Write(MemoryStream to, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        to.Write(bytes);
    }
}
