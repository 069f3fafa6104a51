using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Anneal.Onnx;

/// <summary>
/// Writes a message in the wire format of protocol buffers. Values of tensors are not copied: they are noted at their places and written when the
/// whole is, so that a model of gigabytes costs what its structure takes.
/// </summary>
internal sealed class ProtobufWriter
{
    private const int Varint = 0, Bytes = 2, Fixed32 = 5;
    private readonly ArrayBufferWriter<byte> _bytes = new();

    // What follows the first so many of the bytes above, in order.
    private readonly List<(int After, TensorData Data)> _values = [];
    private long _valueBytes;

    internal long Length => _bytes.WrittenCount + _valueBytes;

    internal void Integer(int field, long value)
    {
        Tag(field, Varint);
        Number((ulong)value);
    }

    internal void Single(int field, double value)
    {
        Tag(field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.GetSpan(sizeof(float)), (float)value);
        _bytes.Advance(sizeof(float));
    }

    internal void Text(int field, string value)
    {
        Tag(field, Bytes);
        int count = Encoding.UTF8.GetByteCount(value);
        Number((ulong)count);
        Encoding.UTF8.GetBytes(value, _bytes);
    }

    internal void Values(int field, TensorData data)
    {
        Tag(field, Bytes);
        Number((ulong)data.Type.ByteCount);
        _values.Add((_bytes.WrittenCount, data));
        _valueBytes += data.Type.ByteCount;
    }

    internal void Message(int field, ProtobufWriter message)
    {
        Tag(field, Bytes);
        Number((ulong)message.Length);
        int start = _bytes.WrittenCount;
        _bytes.Write(message._bytes.WrittenSpan);
        foreach ((int after, TensorData data) in message._values)
            _values.Add((start + after, data));
        _valueBytes += message._valueBytes;
    }

    internal void WriteTo(Stream stream)
    {
        ReadOnlySpan<byte> bytes = _bytes.WrittenSpan;
        int at = 0;
        foreach ((int after, TensorData data) in _values)
        {
            stream.Write(bytes[at..after]);
            at = after;
            const int Piece = 1 << 24;
            for (long start = 0; start < data.Type.ByteCount; start += Piece)
                stream.Write(data.AsBytes(start, (int)Math.Min(Piece, data.Type.ByteCount - start)));
        }

        stream.Write(bytes[at..]);
    }

    private void Tag(int field, int wire) => Number((ulong)((field << 3) | wire));

    private void Number(ulong value)
    {
        Span<byte> span = _bytes.GetSpan(10);
        int count = 0;
        while (value >= 0x80)
        {
            span[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[count++] = (byte)value;
        _bytes.Advance(count);
    }
}
