using System.Buffers.Binary;
using System.IO.Compression;

namespace Anneal.Data.Tests;

/// <summary>Makes IDX files.</summary>
internal static class IdxBytes
{
    internal static byte[] Of(byte type, uint[] extents, byte[] elements)
    {
        var bytes = new byte[4 + 4 * extents.Length + elements.Length];
        (bytes[2], bytes[3]) = (type, (byte)extents.Length);
        for (int i = 0; i < extents.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 + 4 * i), extents[i]);
        elements.CopyTo(bytes, 4 + 4 * extents.Length);
        return bytes;
    }

    internal static byte[] Gzip(byte[] bytes)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return stream.ToArray();
    }
}
