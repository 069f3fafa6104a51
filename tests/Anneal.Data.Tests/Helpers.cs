using System.Buffers.Binary;
using System.IO.Compression;

namespace Anneal.Data.Tests;

/// <summary>Where the sources lie.</summary>
internal static class Repository
{
    internal static string Root { get; } = Find();

    internal static string Mnist => Path.Combine(Root, "datasets", "mnist");

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Anneal.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("Anneal.slnx is not above " + AppContext.BaseDirectory);
    }
}

/// <summary>A folder for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("anneal-test-").FullName;

    internal string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

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

/// <summary>Seeded damage to the bytes of a file.</summary>
internal static class Damage
{
    /// <summary>Flips bits, overwrites, cuts or repeats; the same for the same seed.</summary>
    internal static byte[] Of(byte[] whole, int seed)
    {
        // SplitMix64, so that a failure can be repeated from its seed on any runtime.
        ulong state = (ulong)seed;
        var bytes = new List<byte>(whole);
        int changes = 1 + Below(4);
        for (int change = 0; change < changes && bytes.Count > 0; change++)
        {
            int at = Below(bytes.Count);
            switch (Below(5))
            {
                case 0: bytes[at] ^= (byte)(1 << Below(8)); break;
                case 1: bytes[at] = (byte)Below(256); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                case 3: bytes.Insert(at, (byte)Below(256)); break;
                default: bytes.RemoveAt(at); break;
            }
        }

        return [.. bytes];

        int Below(int bound)
        {
            state += 0x9E3779B97F4A7C15;
            ulong z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)((z ^ (z >> 31)) % (ulong)bound);
        }
    }
}
