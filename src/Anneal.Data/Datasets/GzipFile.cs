using System.Buffers.Binary;
using System.IO.Compression;

namespace Anneal.Data;

/// <summary>
/// The uncompressed bytes of a gzip file of one member. Damage is a <see cref="DataFileException"/>, also damage that a plain
/// <see cref="GZipStream"/> passes over: a trailer cut off and bytes behind it.
/// </summary>
internal sealed class GzipFile : Stream
{
    // The smallest header and the trailer, without any content.
    private const int LeastBytes = 18;

    // Deflate spends at least one bit on 258 bytes of a match and some on its distance: no stream grows by more than this.
    private const long MostGrowth = 1032;

    private readonly Stream _compressed;
    private readonly GZipStream _content;
    private readonly string _file;
    private readonly bool _leaveOpen;
    private long _position;

    internal GzipFile(Stream compressed, string file, bool leaveOpen = true)
    {
        (_compressed, _file, _leaveOpen) = (compressed, file, leaveOpen);
        _content = new GZipStream(compressed, CompressionMode.Decompress, leaveOpen: true);
        if (compressed.Length < LeastBytes)
            throw Fail($"at least {LeastBytes} bytes of gzip", $"{compressed.Length}");
    }

    /// <summary>More bytes than this cannot come out.</summary>
    internal long MostBytes => checked(_compressed.Length * MostGrowth);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    /// <summary>Whether a stream begins as gzip files do. Leaves it at its beginning.</summary>
    internal static bool IsGzip(Stream stream)
    {
        Span<byte> magic = stackalloc byte[2];
        stream.Position = 0;
        int read = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return read == magic.Length && magic[0] == 0x1F && magic[1] == 0x8B;
    }

    /// <summary>Checks that the trailer stands at the end of the file: it repeats the length; its checksum was compared.</summary>
    internal void CheckTrailer()
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        _compressed.Position = _compressed.Length - length.Length;
        _compressed.ReadExactly(length);
        uint written = BinaryPrimitives.ReadUInt32LittleEndian(length);
        if (written != (uint)_position)
            throw Fail($"gzip data that ends with its length, {(uint)_position}", $"{written}: cut off, or with more behind it");
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            int read = _content.Read(buffer);
            _position += read;
            return read;
        }
        catch (InvalidDataException e)
        {
            throw new DataFileException(_file, _position, "sound gzip data", "damage: " + e.Message, e);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content.Dispose();
            if (!_leaveOpen)
                _compressed.Dispose();
        }

        base.Dispose(disposing);
    }

    private DataFileException Fail(string expected, string found) => new(_file, _position, expected, found);
}
