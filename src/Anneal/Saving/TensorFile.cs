using Anneal.Saving;

namespace Anneal;

/// <summary>
/// Named tensors in a safetensors file, as PyTorch, JAX and others read and write it. Opening maps the file and checks its header: no value is read before it is
/// asked for, however large the file. Overlapping, missing, doubled and gigantic entries are refused.
/// </summary>
/// <example><code>
/// TensorFile.Save("features.safetensors", [("mean", mean), ("deviation", deviation)]);
/// using TensorFile file = TensorFile.Open("features.safetensors");
/// TensorData mean = file.Read("mean");
/// </code></example>
public sealed class TensorFile : IDisposable
{
    private const int PieceBytes = 1 << 20;
    private readonly MappedSafetensors _mapped;
    private readonly string _path;

    private TensorFile(MappedSafetensors mapped, string path) => (_mapped, _path) = (mapped, path);

    /// <summary>The names of the tensors, in the order of the header.</summary>
    public IReadOnlyCollection<string> Names => [.. _mapped.Entries.Keys];

    /// <summary>The free text of the header, by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _mapped.Metadata;

    /// <summary>Opens a file, which must not change while it is open.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFileException">The file does not exist or its header breaks a rule of the format.</exception>
    public static TensorFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new TensorFile(MappedSafetensors.Open(path), path);
    }

    /// <summary>Writes a file; what has its name is replaced when the new one is whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">The tensors with their names, in the order that the header will have.</param>
    /// <param name="metadata">Free text for the header; null for none.</param>
    /// <exception cref="ModelFileException">A name is empty, taken twice or not Unicode.</exception>
    public static void Save(string path, IEnumerable<(string Name, TensorData Data)> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        Safetensors.Write(path, tensors, metadata);
    }

    /// <summary>The element type and shape of a tensor, which costs no look at its values.</summary>
    /// <exception cref="ModelFileException">The file has no tensor of this name.</exception>
    public TensorType TypeOf(string name) => Find(name).Type;

    /// <summary>Copies a tensor out of the file.</summary>
    /// <exception cref="ModelFileException">The file has no tensor of this name, or one of truth values has others than 0 and 1.</exception>
    /// <exception cref="ObjectDisposedException">The file was given back.</exception>
    public TensorData Read(string name)
    {
        SafetensorsEntry entry = Find(name);
        var data = new TensorData(entry.Type);
        for (long done = 0; done < entry.Type.ByteCount;)
        {
            int piece = (int)Math.Min(PieceBytes, entry.Type.ByteCount - done);
            ReadOnlySpan<byte> source = _mapped.Bytes(entry, done, piece);
            if (entry.Type.DType == DType.Bool && source.IndexOfAnyExceptInRange((byte)0, (byte)1) is >= 0 and int at)
                throw new ModelFileException(_path, $"tensor {ModelFileException.Quote(name)}", "truth values of 0 or 1", $"{source[at]}");
            source.CopyTo(data.AsBytes(done, piece));
            done += piece;
        }

        return data;
    }

    /// <summary>Gives the file back. Tensors that were read stay.</summary>
    public void Dispose() => _mapped.Dispose();

    private SafetensorsEntry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _mapped.Entries.TryGetValue(name, out SafetensorsEntry? entry)
            ? entry
            : throw new ModelFileException(_path, "the names of the tensors", ModelFileException.Quote(name), $"{_mapped.Entries.Count} others");
    }
}
