using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models;

/// <summary>The tensors of a published model: one mapped file, or several with an index that says which tensor lies where.</summary>
internal sealed class Checkpoint : IDisposable
{
    internal const string SingleFile = "model.safetensors", Index = "model.safetensors.index.json";
    private const int LongestIndex = 1 << 26;
    private readonly Dictionary<string, MappedSafetensors> _files = [];
    private readonly Dictionary<string, MappedSafetensors> _fileOf = [];

    private Checkpoint(string folder) => Folder = folder;

    internal string Folder { get; }

    /// <summary>The names of all tensors.</summary>
    internal IReadOnlyCollection<string> Names => _fileOf.Keys;

    /// <summary>Opens the files of a folder. Only headers are read.</summary>
    /// <exception cref="ModelFileException">There is no model, a shard is missing, or a file is damaged.</exception>
    internal static Checkpoint Open(string folder)
    {
        var checkpoint = new Checkpoint(folder);
        try
        {
            string index = Path.Combine(folder, Index), single = Path.Combine(folder, SingleFile);
            if (File.Exists(single) || !File.Exists(index))
                checkpoint.Add(SingleFile, RequirePresent(single));
            else
                checkpoint.AddShards(index);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>A tensor by its name; null where there is none.</summary>
    internal (MappedSafetensors File, SafetensorsEntry Entry)? Find(string name) =>
        _fileOf.TryGetValue(name, out MappedSafetensors? file) ? (file, file.Entries[name]) : null;

    /// <summary>Whether two tensors are the same, byte by byte.</summary>
    internal static bool IsSame((MappedSafetensors File, SafetensorsEntry Entry) a, (MappedSafetensors File, SafetensorsEntry Entry) b)
    {
        const int Piece = 1 << 24;
        if (a.Entry.Type != b.Entry.Type)
            return false;
        long bytes = a.Entry.Type.ByteCount;
        for (long done = 0; done < bytes; done += Piece)
        {
            int length = (int)Math.Min(Piece, bytes - done);
            if (!a.File.Bytes(a.Entry, done, length).SequenceEqual(b.File.Bytes(b.Entry, done, length)))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MappedSafetensors file in _files.Values)
            file.Dispose();
    }

    /// <summary>Reads the index of a model in shards: the file of each tensor.</summary>
    internal static Dictionary<string, string> ParseIndex(ReadOnlyMemory<byte> utf8, string path)
    {
        JsonObject index = JsonTree.ParseObject(utf8.Span, path);
        if (index["weight_map"] is not JsonObject map || map.Count == 0)
            throw new ModelFileException(path, "weight_map", "an object with the file of each tensor", index["weight_map"] is null ? "nothing" : "something else");
        var files = new Dictionary<string, string>(map.Count);
        foreach ((string tensor, JsonNode? value) in map)
        {
            string shown = "tensor " + ModelFileException.Quote(tensor);
            if (value is not JsonValue text || !text.TryGetValue(out string? file))
                throw new ModelFileException(path, shown, "the name of a file", "something else");

            // A name with a path in it would point out of the folder.
            if (file.Length is 0 or > 255 || !file.EndsWith(".safetensors", StringComparison.Ordinal) || file.AsSpan().ContainsAny("/\\:") || file.Any(char.IsControl))
                throw new ModelFileException(path, shown, "the name of a safetensors file in the same folder", ModelFileException.Quote(file));
            files.Add(tensor, file);
        }

        return files;
    }

    private static string RequirePresent(string path) => File.Exists(path)
        ? path
        : throw new ModelFileException(path, "the weights", $"{SingleFile}, or {Index} with its shards", "neither");

    private void AddShards(string path)
    {
        if (new FileInfo(path).Length > LongestIndex)
            throw new ModelFileException(path, "the file", $"at most {LongestIndex} bytes", "more");
        Dictionary<string, string> fileOf = ParseIndex(File.ReadAllBytes(path), path);
        foreach (string file in fileOf.Values.Distinct().Order(StringComparer.Ordinal))
        {
            string shard = Path.Combine(Folder, file);
            if (!File.Exists(shard))
                throw new ModelFileException(shard, "the shard", $"a file that {Index} names", "no file of this name");
            Add(file, shard);
        }

        foreach ((string tensor, string file) in fileOf)
        {
            if (!_files[file].Entries.ContainsKey(tensor))
                throw new ModelFileException(path, "tensor " + ModelFileException.Quote(tensor), $"it in {file}", "a file without it");
        }
    }

    private void Add(string name, string path)
    {
        MappedSafetensors file = MappedSafetensors.Open(path);
        _files.Add(name, file);
        foreach (string tensor in file.Entries.Keys)
        {
            if (!_fileOf.TryAdd(tensor, file))
                throw new ModelFileException(path, "tensor " + ModelFileException.Quote(tensor), "each tensor in one file", "a tensor that another shard has too");
        }
    }
}
