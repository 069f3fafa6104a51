namespace Anneal.Tests.Saving;

/// <summary>Where the sources lie.</summary>
internal static class Repository
{
    internal static string Root { get; } = Find();

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

/// <summary>Seeded damage to the bytes of a file.</summary>
internal static class Damage
{
    /// <summary>Flips bits, overwrites, cuts or repeats; the same for the same seed.</summary>
    internal static byte[] Of(byte[] whole, int seed)
    {
        var random = new RandomWords(seed, 99, 0);
        var bytes = new List<byte>(whole);
        uint changes = 1 + random.NextBelow(4);
        for (uint change = 0; change < changes && bytes.Count > 0; change++)
        {
            int at = (int)random.NextBelow((uint)bytes.Count);
            switch (random.NextBelow(5))
            {
                case 0: bytes[at] ^= (byte)(1 << (int)random.NextBelow(8)); break;
                case 1: bytes[at] = (byte)random.Next(); break;
                case 2: bytes.RemoveRange(at, bytes.Count - at); break;
                case 3: bytes.Insert(at, (byte)random.Next()); break;
                default: bytes.RemoveAt(at); break;
            }
        }

        return [.. bytes];
    }
}
