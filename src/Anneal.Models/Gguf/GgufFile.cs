using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace Anneal.Models;

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">The name, unique in the file.</param>
/// <param name="Type">How its values are stored.</param>
/// <param name="Shape">The extents, the one whose neighbours lie side by side last, as everywhere in Anneal; files list them the other way round.</param>
public sealed record GgufTensor(string Name, GgufTensorType Type, Shape Shape)
{
    /// <summary>The bytes of its values.</summary>
    public long ByteCount => GgufTypes.ByteCount(Type, Shape.ElementCount);

    /// <summary>Where its values begin, counted from the first tensor's place.</summary>
    internal long Offset { get; init; }
}

/// <summary>
/// A GGUF file, version 2 or 3, little-endian: metadata and tensors, as the software around ggml stores them. The file is mapped: opening reads and checks the
/// header alone, and values are paged in when they are asked for.
/// </summary>
/// <example><code>
/// using GgufFile file = GgufFile.Open("model.gguf");
/// foreach (GgufTensor tensor in file.Tensors.Values)
///     Console.WriteLine($"{tensor.Name} {tensor.Type} {tensor.Shape}");
/// </code></example>
public sealed unsafe class GgufFile : IDisposable
{
    internal const uint Magic = 0x46554747, OldestVersion = 2, Version3 = 3;
    internal const int DefaultAlignment = 32, MostAxes = 4;
    internal const string AlignmentKey = "general.alignment";

    // A name and a number of axes, one extent, the type and the place; a key and a value of one byte.
    private const int LeastTensorBytes = 8 + 4 + 8 + 4 + 8, LeastValueBytes = 8 + 4 + 1;
    private const int LongestKey = 65535;
    private readonly OrderedDictionary<string, GgufValue> _metadata = [];
    private readonly OrderedDictionary<string, GgufTensor> _tensors = [];
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _start;
    private long _valuesAt;

    private GgufFile(string path, FileStream stream)
    {
        Path = path;
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + _view.PointerOffset;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The version of the format, 2 or 3.</summary>
    public int Version { get; private set; }

    /// <summary>What the places of tensors are multiples of, in bytes.</summary>
    public int Alignment { get; private set; } = DefaultAlignment;

    /// <summary>The metadata by key, in the order of the file.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata => _metadata;

    /// <summary>The tensors by name, in the order of the file.</summary>
    public IReadOnlyDictionary<string, GgufTensor> Tensors => _tensors;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFileException">There is no such file, or its header breaks a rule of the format; the message has the place.</exception>
    public static GgufFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new ModelFileException(path, "the file", "a GGUF file", "no file of this name");
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            if (stream.Length == 0)
                throw new ModelFileException(path, "byte 0", "a GGUF file", "an empty file");
            var file = new GgufFile(path, stream);
            try
            {
                file.ReadHeader(stream.Length);
                return file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, "the file", "a file that can be read", e.Message, e);
        }
    }

    /// <summary>The values of a tensor in single precision; what is stored with fewer bits is multiplied out.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ModelFileException">There is no such tensor, or its type is not supported; the message names it.</exception>
    public TensorData Read(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_tensors.TryGetValue(name, out GgufTensor? tensor))
            throw new ModelFileException(Path, "tensor " + ModelFileException.Quote(name), "a tensor of this name", "none");
        RequireReadable(tensor);
        var data = new TensorData(DType.Float32, tensor.Shape);
        GgufDequantization.Run(tensor.Type, Pointer(tensor), (float*)data.Pointer, tensor.Shape.ElementCount);
        GC.KeepAlive(data);
        GC.KeepAlive(this);
        return data;
    }

    /// <exception cref="ModelFileException">The type is not supported.</exception>
    internal void RequireReadable(GgufTensor tensor)
    {
        if (!GgufTypes.Readable.Contains(tensor.Type))
            throw new ModelFileException(Path, "tensor " + ModelFileException.Quote(tensor.Name), "a type among " + GgufTypes.Names(GgufTypes.Readable), $"the type {tensor.Type}");
    }

    /// <summary>Where a tensor's bytes begin; valid while this object lives.</summary>
    internal byte* Pointer(GgufTensor tensor)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        return _start + _valuesAt + tensor.Offset;
    }

    /// <summary>Gives the file back.</summary>
    public void Dispose()
    {
        if (_start is null)
            return;
        _start = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private void ReadHeader(long length)
    {
        var reader = new GgufReader(Path, _start, length);
        uint magic = reader.UInt32("a GGUF file");
        if (magic != Magic)
            throw reader.FailAt(0, "a GGUF file, which begins with the letters GGUF", string.Create(CultureInfo.InvariantCulture, $"0x{magic:X8}"));
        uint version = reader.UInt32("a version");
        if (version is not (OldestVersion or Version3))
        {
            string found = string.Create(CultureInfo.InvariantCulture, $"{version}");
            throw reader.FailAt(4, "the version 2 or 3, little-endian", (version & 0xFFFF) == 0 ? found + ", as of a big-endian file" : found);
        }

        Version = (int)version;
        int tensors = reader.Count("as many tensors", LeastTensorBytes), values = reader.Count("as many values", LeastValueBytes);
        for (int i = 0; i < values; i++)
            ReadValue(reader);
        Alignment = ReadAlignment();
        for (int i = 0; i < tensors; i++)
            ReadTensor(reader);
        _valuesAt = (reader.Position + Alignment - 1) / Alignment * Alignment;
        CheckPlaces(length - _valuesAt);
    }

    private void ReadValue(GgufReader reader)
    {
        long at = reader.Position;
        string key = reader.Text("a key");
        if (key.Length is 0 or > LongestKey)
            throw reader.FailAt(at, "a key of 1 to 65535 bytes", string.Create(CultureInfo.InvariantCulture, $"one of {key.Length}"));
        if (!_metadata.TryAdd(key, reader.Value(key)))
            throw reader.FailAt(at, "each key once", ModelFileException.Quote(key) + " again");
    }

    private int ReadAlignment()
    {
        if (!_metadata.TryGetValue(AlignmentKey, out GgufValue? value))
            return DefaultAlignment;
        const int Most = 1 << 20;
        return value.Whole is { } alignment and >= 8 and <= Most && alignment % 8 == 0
            ? (int)alignment
            : throw new ModelFileException(Path, AlignmentKey, "a multiple of 8 up to 2^20", value.ToString());
    }

    private void ReadTensor(GgufReader reader)
    {
        long at = reader.Position;
        string name = reader.Text("the name of a tensor"), shown = ModelFileException.Quote(name);
        if (name.Length == 0)
            throw reader.FailAt(at, "the name of a tensor", "an empty one");
        uint axes = reader.UInt32("a number of axes");
        if (axes is 0 or > MostAxes)
            throw reader.FailAt(at, $"a tensor {shown} of 1 to {MostAxes} axes", string.Create(CultureInfo.InvariantCulture, $"{axes}"));
        var extents = new long[axes];
        Int128 count = 1;
        for (int i = extents.Length - 1; i >= 0; i--)
        {
            ulong extent = reader.UInt64("an extent");
            count *= extent;
            if (extent == 0 || count > long.MaxValue / 8)
                throw reader.FailAt(at, $"a tensor {shown} of 1 to 2^60 values", string.Create(CultureInfo.InvariantCulture, $"an extent of {extent}"));
            extents[i] = (long)extent;
        }

        uint number = reader.UInt32("a type");
        if (GgufTypes.Find(number) is not { } block)
            throw new ModelFileException(Path, "tensor " + shown, "a type among " + GgufTypes.Names(GgufTypes.Readable), GgufTypes.Number(number));
        if (extents[^1] % block.Values != 0)
            throw reader.FailAt(at, $"rows of {shown} that are whole blocks of {block.Values} values", string.Create(CultureInfo.InvariantCulture, $"rows of {extents[^1]}"));
        ulong offset = reader.UInt64("a place");
        if (offset % (ulong)Alignment != 0 || offset > long.MaxValue)
            throw reader.FailAt(at, string.Create(CultureInfo.InvariantCulture, $"a place of {shown} that is a multiple of {Alignment}"), string.Create(CultureInfo.InvariantCulture, $"{offset}"));
        if (!_tensors.TryAdd(name, new GgufTensor(name, (GgufTensorType)number, new Shape(extents)) { Offset = (long)offset }))
            throw reader.FailAt(at, "each tensor once", shown + " again");
    }

    /// <summary>Each tensor lies within the file, and none over another.</summary>
    private void CheckPlaces(long bytes)
    {
        long end = 0;
        foreach (GgufTensor tensor in _tensors.Values.OrderBy(t => t.Offset))
        {
            string where = "tensor " + ModelFileException.Quote(tensor.Name);
            if (tensor.Offset < end)
                throw new ModelFileException(Path, where, "a place behind the tensors before it", string.Create(CultureInfo.InvariantCulture, $"the place {tensor.Offset}"));
            if (tensor.Offset > bytes || tensor.ByteCount > bytes - tensor.Offset)
            {
                throw new ModelFileException(
                    Path, where, string.Create(CultureInfo.InvariantCulture, $"{tensor.ByteCount} bytes from {_valuesAt + tensor.Offset} on"), string.Create(CultureInfo.InvariantCulture, $"a file that ends at {_valuesAt + bytes}"));
            }

            end = tensor.Offset + tensor.ByteCount;
        }
    }
}
