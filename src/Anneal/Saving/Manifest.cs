using System.Buffers;
using System.Text.Json;

namespace Anneal.Saving;

/// <summary>One file of a saved model.</summary>
/// <param name="File">Its name on disk.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">The SHA-256 of its bytes, in small hexadecimal digits.</param>
internal sealed record ManifestEntry(string File, long Length, string Sha256);

/// <summary>
/// The table of contents of a model folder. The model is what the manifest names, nothing else; replacing the manifest replaces the
/// model at one stroke.
/// </summary>
/// <param name="Generation">The number of the save, counted from 1.</param>
/// <param name="Files">The files by logical name.</param>
internal sealed record Manifest(long Generation, OrderedDictionary<string, ManifestEntry> Files)
{
    internal const int FormatVersion = 1;
    private const int LongestManifest = 1 << 20;
    private const long LastGeneration = 1L << 52;

    /// <summary>Reads the manifest of a folder.</summary>
    /// <returns>The manifest, or null where the folder has none.</returns>
    /// <exception cref="ModelFileException">The manifest is damaged or from a later version.</exception>
    internal static Manifest? ReadIfPresent(string folder)
    {
        string path = Path.Combine(folder, ModelFileNames.Manifest);
        if (!File.Exists(path))
            return null;

        // A save in another process may replace the file while it is read here; the open handle keeps the old one whole.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (stream.Length > LongestManifest)
            throw new ModelFileException(path, "the file", $"at most {LongestManifest} bytes", $"{stream.Length} bytes");
        var utf8 = new byte[(int)stream.Length];
        stream.ReadExactly(utf8);
        return Parse(utf8, path);
    }

    /// <summary>Reads the text of a manifest.</summary>
    internal static Manifest Parse(ReadOnlySpan<byte> utf8, string path)
    {
        // Before all else: a later version may have keys that this one does not know.
        CheckVersion(utf8, path);
        var reader = new StrictJson(utf8, path);
        var seen = new HashSet<string>();
        long generation = 0;
        OrderedDictionary<string, ManifestEntry>? files = null;
        reader.StartObject("a JSON object");
        while (reader.NextName("formatVersion, generation and files") is { } key)
        {
            if (!seen.Add(key))
                throw reader.Fail("each key once", $"{ModelFileException.Quote(key)} again");
            switch (key)
            {
                case "formatVersion":
                    reader.Natural("the version of the format");
                    break;
                case "generation":
                    generation = reader.Natural("the generation");
                    break;
                case "files":
                    files = ParseFiles(ref reader);
                    break;
                default:
                    throw reader.Fail("formatVersion, generation and files", ModelFileException.Quote(key));
            }
        }

        reader.End("the end of the manifest");
        if (files is null)
            throw new ModelFileException(path, "the manifest", "files", "none");
        if (generation is < 1 or > LastGeneration)
        {
            throw new ModelFileException(path, "the manifest", $"a generation from 1 to {LastGeneration}",
                seen.Contains("generation") ? $"{generation}" : "none");
        }

        foreach ((string logical, ManifestEntry entry) in files)
            CheckEntry(path, logical, entry, generation);
        return new Manifest(generation, files);
    }

    /// <summary>The text of the manifest.</summary>
    internal byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteNumber("formatVersion", FormatVersion);
            json.WriteNumber("generation", Generation);
            json.WriteStartObject("files");
            foreach ((string logical, ManifestEntry entry) in Files)
            {
                json.WriteStartObject(logical);
                json.WriteString("file", entry.File);
                json.WriteNumber("length", entry.Length);
                json.WriteString("sha256", entry.Sha256);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void CheckVersion(ReadOnlySpan<byte> utf8, string path)
    {
        var reader = new StrictJson(utf8, path);
        reader.StartObject("a JSON object");
        while (reader.NextName("formatVersion") is { } key)
        {
            if (key != "formatVersion")
            {
                reader.SkipValue("a value");
                continue;
            }

            long version = reader.Natural("the version of the format");
            if (version > FormatVersion)
            {
                throw reader.Fail(
                    $"formatVersion {FormatVersion} or less",
                    $"{version}: a later release of Anneal wrote this model, so read it with that one");
            }

            if (version < 1)
                throw reader.Fail($"formatVersion {FormatVersion}", $"{version}");
            return;
        }

        throw new ModelFileException(path, "the manifest", "formatVersion", "none");
    }

    private static OrderedDictionary<string, ManifestEntry> ParseFiles(ref StrictJson reader)
    {
        var files = new OrderedDictionary<string, ManifestEntry>();
        reader.StartObject("an object of files");
        while (reader.NextName("the name of a file") is { } logical)
        {
            if (!files.TryAdd(logical, ParseEntry(ref reader, ModelFileException.Quote(logical))))
                throw reader.Fail("each file once", $"{ModelFileException.Quote(logical)} again");
        }

        return files;
    }

    private static ManifestEntry ParseEntry(ref StrictJson reader, string shown)
    {
        string? file = null, digest = null;
        long? length = null;
        reader.StartObject($"the object of file {shown}");
        while (reader.NextName($"file, length and sha256 of {shown}") is { } key)
        {
            switch (key)
            {
                case "file" when file is null:
                    file = reader.String($"the file of {shown}");
                    break;
                case "length" when length is null:
                    length = reader.Natural($"the length of {shown}");
                    break;
                case "sha256" when digest is null:
                    digest = reader.String($"the SHA-256 of {shown}");
                    break;
                default:
                    throw reader.Fail($"file, length and sha256 of {shown}, each once", ModelFileException.Quote(key));
            }
        }

        if (file is null || length is null || digest is null)
            throw reader.Fail($"file, length and sha256 of {shown}", "an object in which one is missing");
        return new ManifestEntry(file, length.Value, digest);
    }

    private static void CheckEntry(string path, string logical, ManifestEntry entry, long generation)
    {
        string where = $"file {ModelFileException.Quote(logical)}";
        if (!ModelFileNames.IsLogical(logical))
            throw new ModelFileException(path, where, ModelFileNames.Rule, ModelFileException.Quote(logical));

        // One name and no other is right, so a manifest cannot point out of its folder.
        string right = ModelFileNames.OnDisk(logical, generation);
        if (entry.File != right)
            throw new ModelFileException(path, where, $"the name '{right}' on disk", ModelFileException.Quote(entry.File));
        if (entry.Sha256.Length != 64 || entry.Sha256.AsSpan().ContainsAnyExcept("0123456789abcdef"))
            throw new ModelFileException(path, where, "a SHA-256 of 64 small hexadecimal digits", ModelFileException.Quote(entry.Sha256));
    }
}
