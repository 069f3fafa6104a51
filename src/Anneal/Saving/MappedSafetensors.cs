using System.Globalization;
using System.IO.MemoryMappedFiles;

namespace Anneal.Saving;

/// <summary>
/// A safetensors file in memory as it lies on disk. Opening reads and checks the header alone, by the same rules as <see cref="Safetensors"/>;
/// values are paged in by the system when they are looked at, and nothing is copied.
/// </summary>
internal sealed unsafe class MappedSafetensors : IDisposable
{
    private readonly string _file;
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly OrderedDictionary<string, SafetensorsEntry> _entries;
    private byte* _values;

    private MappedSafetensors(string file, SafetensorsHeader header, FileStream stream, long valuesAt)
    {
        _file = file;
        _entries = new OrderedDictionary<string, SafetensorsEntry>(header.Entries.Count);
        foreach (SafetensorsEntry entry in header.Entries)
            _entries.Add(entry.Name, entry);
        Metadata = header.Metadata;
        if (stream.Length == valuesAt)
            return;
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _values = start + _view.PointerOffset + valuesAt;
    }

    /// <summary>The tensors by name, in the order of the header.</summary>
    internal IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    /// <summary>The free text of the header.</summary>
    internal OrderedDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="ModelFileException">The file does not exist or its header breaks a rule of the format.</exception>
    internal static MappedSafetensors Open(string path)
    {
        if (!File.Exists(path))
            throw new ModelFileException(path, "the file", "a safetensors file", "no file of this name");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        SafetensorsHeader header = Safetensors.ReadHeader(stream, path);
        return new MappedSafetensors(path, header, stream, stream.Position);
    }

    /// <summary>Some of a tensor's bytes, where they lie.</summary>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    /// <param name="start">The first byte, counted from the tensor's.</param>
    /// <param name="length">How many.</param>
    internal ReadOnlySpan<byte> Bytes(SafetensorsEntry entry, long start, int length)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (start < 0 || length < 0 || start + length > entry.End - entry.Begin)
            throw new ArgumentOutOfRangeException(nameof(start), string.Create(CultureInfo.InvariantCulture, $"{entry.Name} of {_file} has no bytes {start} to {start + length}."));
        return new ReadOnlySpan<byte>(_values + entry.Begin + start, length);
    }

    /// <summary>Where a tensor's bytes begin; valid while this object lives.</summary>
    internal byte* Pointer(SafetensorsEntry entry)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _values + entry.Begin;
    }

    private bool _isDisposed;

    /// <summary>Gives the file back; spans over its values must not be used any more.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (_view is not null)
        {
            _values = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }

        _map?.Dispose();
    }
}
