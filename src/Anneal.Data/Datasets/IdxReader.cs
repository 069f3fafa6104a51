using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Anneal.Data;

/// <summary>Reads one IDX file from a stream of its uncompressed bytes.</summary>
/// <param name="stream">The bytes.</param>
/// <param name="file">The file, for messages.</param>
/// <param name="mostBytes">How many bytes there can be; nothing larger is allocated.</param>
/// <param name="isExact">Whether there are exactly so many.</param>
internal sealed unsafe class IdxReader(Stream stream, string file, long mostBytes, bool isExact)
{
    private const int PieceBytes = 1 << 16;
    private const long MostElements = 1L << 62;
    private long _position;

    internal TensorData Read(int? rank)
    {
        (DType dtype, int fileSize, Shape shape) = ReadHeader(rank);
        UInt128 bytes = (UInt128)(ulong)shape.ElementCount * (uint)fileSize;
        UInt128 available = (ulong)Math.Max(mostBytes - _position, 0);
        if (bytes > available)
        {
            throw Fail(string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes of elements for the shape {Short(shape)}"),
                string.Create(CultureInfo.InvariantCulture, $"{(isExact ? "" : "at most ")}{available} bytes"));
        }

        if (isExact && bytes < available)
            throw Trailing(_position + (long)bytes, $"{available - bytes} bytes more");
        var data = new TensorData(dtype, shape);
        if (fileSize == sizeof(short))
            ReadShorts(data);
        else
            ReadElements(data, fileSize);
        if (!isExact && stream.ReadByte() >= 0)
            throw Trailing(_position, "more bytes");
        return data;
    }

    private (DType DType, int FileSize, Shape Shape) ReadHeader(int? rank)
    {
        Span<byte> magic = stackalloc byte[4];
        ReadExactly(magic, "an IDX header of 4 bytes");
        if (magic[0] != 0 || magic[1] != 0)
            throw new DataFileException(file, 0, "an IDX file, which begins with two zero bytes", $"0x{magic[0]:X2}{magic[1]:X2}");
        (DType dtype, int fileSize) = magic[2] switch
        {
            0x08 => (DType.UInt8, 1),
            0x09 => (DType.Int8, 1),
            0x0B => (DType.Int32, 2),
            0x0C => (DType.Int32, 4),
            0x0D => (DType.Float32, 4),
            0x0E => (DType.Float64, 8),
            _ => throw new DataFileException(file, 2, "an IDX element type (0x08, 0x09, 0x0B, 0x0C, 0x0D or 0x0E)", $"0x{magic[2]:X2}"),
        };
        if (rank is { } wanted && magic[3] != wanted)
            throw new DataFileException(file, 3, $"{wanted} axes", $"{magic[3]}");
        if (magic[3] == 0)
            throw new DataFileException(file, 3, "at least 1 axis", "0");
        return (dtype, fileSize, ReadShape(magic[3]));
    }

    private Shape ReadShape(int rank)
    {
        Span<byte> bytes = stackalloc byte[rank * sizeof(uint)];
        ReadExactly(bytes, $"{rank} extents of 4 bytes");
        var extents = new long[rank];
        UInt128 count = 1;
        for (int i = 0; i < rank; i++)
        {
            extents[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(i * sizeof(uint))..]);

            // As Shape counts them: an extent of 0 must not hide what the others multiply to.
            count *= (ulong)Math.Max(extents[i], 1);
            if (count > MostElements)
                throw new DataFileException(file, 4 + i * sizeof(uint), "extents of at most 2^62 elements", "more");
        }

        return new Shape(extents);
    }

    private void ReadElements(TensorData data, int size)
    {
        for (long done = 0; done < data.Type.ByteCount;)
        {
            var piece = data.AsBytes(done, (int)Math.Min(PieceBytes, data.Type.ByteCount - done));
            ReadExactly(piece, Missing(data));
            if (size == sizeof(uint))
                Swap(MemoryMarshal.Cast<byte, uint>(piece));
            else if (size == sizeof(ulong))
                Swap(MemoryMarshal.Cast<byte, ulong>(piece));
            done += piece.Length;
        }

        GC.KeepAlive(data);
    }

    private void ReadShorts(TensorData data)
    {
        var buffer = new byte[PieceBytes];
        int* target = (int*)data.Pointer;
        for (long left = data.Shape.ElementCount; left > 0;)
        {
            int count = (int)Math.Min(PieceBytes / sizeof(short), left);
            ReadExactly(buffer.AsSpan(0, count * sizeof(short)), Missing(data));
            for (int i = 0; i < count; i++)
                *target++ = BinaryPrimitives.ReadInt16BigEndian(buffer.AsSpan(i * sizeof(short)));
            left -= count;
        }

        GC.KeepAlive(data);
    }

    private static void Swap(Span<uint> values)
    {
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(values, values);
    }

    private static void Swap(Span<ulong> values)
    {
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(values, values);
    }

    private void ReadExactly(Span<byte> target, string expected)
    {
        int read = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        _position += read;
        if (read < target.Length)
            throw Fail(expected, "the end of the file");
    }

    private DataFileException Fail(string expected, string found) => new(file, _position, expected, found);

    private DataFileException Trailing(long position, string found) => new(file, position, "the end of the file", found);

    private static string Missing(TensorData data) => $"all elements of the shape {Short(data.Shape)}";

    private static string Short(Shape shape) => shape.Rank <= 8 ? shape.ToString() : $"of {shape.Rank} axes";
}
