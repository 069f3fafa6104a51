using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Anneal.Saving;

/// <summary>
/// Reads and writes safetensors files: 8 bytes with the length of the header, a header in JSON, then the values. Files of any size
/// are read and written in pieces; nothing is allocated before the header fits the length of the file.
/// </summary>
internal static class Safetensors
{
    private const int HeaderLimit = 100_000_000;
    private const int PieceBytes = 1 << 20;

    // Values begin at a multiple of this, so that other readers may map the file and use them in place.
    private const int Alignment = 8;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFileException">The file does not exist or breaks a rule of the format.</exception>
    internal static SafetensorsFile Read(string path)
    {
        if (!File.Exists(path))
            throw new ModelFileException(path, "the file", "a safetensors file", "no file of this name");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        return Read(stream, path);
    }

    /// <summary>Reads from a stream that knows its length, from its present position to its end.</summary>
    /// <param name="stream">Where to read.</param>
    /// <param name="file">What to call it in messages.</param>
    internal static SafetensorsFile Read(Stream stream, string file)
    {
        SafetensorsHeader header = ReadHeader(stream, file);
        return new SafetensorsFile(ReadValues(stream, header, file), header.Metadata);
    }

    /// <summary>Reads and checks the header alone; the stream then stands where the values begin.</summary>
    /// <param name="stream">Where to read.</param>
    /// <param name="file">What to call it in messages.</param>
    internal static SafetensorsHeader ReadHeader(Stream stream, string file)
    {
        long length = stream.Length - stream.Position;
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (length < prefix.Length)
            throw new ModelFileException(file, "byte 0", "8 bytes with the length of the header", Bytes(length));
        ReadExactly(stream, prefix, file);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > HeaderLimit || (long)headerLength > length - prefix.Length)
        {
            long most = Math.Min(HeaderLimit, length - prefix.Length);
            throw new ModelFileException(file, "byte 0", $"a header of at most {Bytes(most)}",
                headerLength.ToString(CultureInfo.InvariantCulture) + " bytes");
        }

        var json = new byte[(int)headerLength];
        ReadExactly(stream, json, file);
        return SafetensorsHeader.Parse(json, length - prefix.Length - json.Length, file);
    }

    /// <summary>Writes a file; it appears under its name when it is whole.</summary>
    /// <param name="path">Where to write; what is there is replaced.</param>
    /// <param name="tensors">The tensors, in the order that the header will have.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="ModelFileException">A name is empty, taken twice or not Unicode.</exception>
    internal static void Write(
        string path, IEnumerable<(string Name, TensorData Data)> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null) =>
        WholeFile.Replace(path, stream => Write(stream, path, tensors, metadata));

    /// <summary>Writes to a stream.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="file">What to call it in messages.</param>
    /// <param name="tensors">The tensors, in the order that the header will have.</param>
    /// <param name="metadata">Free text for the header.</param>
    internal static void Write(
        Stream stream, string file, IEnumerable<(string Name, TensorData Data)> tensors,
        IEnumerable<KeyValuePair<string, string>>? metadata = null) =>
        Write(stream, file, tensors.Select(t => new SafetensorsSource(t.Name, t.Data.Type, () => t.Data)), metadata);

    /// <summary>Writes to a stream tensors that are made one at a time, so that a conversion of a large model needs no second copy of it.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="file">What to call it in messages.</param>
    /// <param name="tensors">The tensors, in the order that the header will have.</param>
    /// <param name="metadata">Free text for the header.</param>
    internal static void Write(
        Stream stream, string file, IEnumerable<SafetensorsSource> tensors, IEnumerable<KeyValuePair<string, string>>? metadata)
    {
        SafetensorsSource[] all = [.. tensors];
        CheckNames(file, all.Select(t => t.Name));

        // Wide elements first keeps every tensor at a multiple of its element size; the sort is stable.
        SafetensorsSource[] placed = [.. all.OrderByDescending(t => t.Type.DType.Size())];
        var offsets = new Dictionary<string, long>(all.Length);
        long position = 0;
        foreach (SafetensorsSource source in placed)
        {
            offsets.Add(source.Name, position);
            position = checked(position + source.Type.ByteCount);
        }

        byte[] header = MakeHeader(file, all, offsets, metadata);
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        foreach (SafetensorsSource source in placed)
            WriteValues(stream, source.Make());
    }

    private static OrderedDictionary<string, TensorData> ReadValues(Stream stream, SafetensorsHeader header, string file)
    {
        var tensors = new OrderedDictionary<string, TensorData>(header.Entries.Count);
        foreach (SafetensorsEntry entry in header.Entries)
            tensors.Add(entry.Name, new TensorData(entry.Type));

        // The entries are known to cover the values without a gap, so reading them in the order of their offsets needs no seek.
        foreach (SafetensorsEntry entry in header.Entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            TensorData data = tensors[entry.Name];
            for (long done = 0; done < data.Type.ByteCount;)
            {
                int piece = (int)Math.Min(PieceBytes, data.Type.ByteCount - done);
                var target = data.AsBytes(done, piece);
                ReadExactly(stream, target, file);
                if (data.DType == DType.Bool && target.IndexOfAnyExceptInRange((byte)0, (byte)1) is >= 0 and int at)
                {
                    throw new ModelFileException(file, $"tensor {ModelFileException.Quote(entry.Name)}", "truth values of 0 or 1",
                        $"{target[at]}");
                }

                done += piece;
            }

            GC.KeepAlive(data);
        }

        return tensors;
    }

    private static void WriteValues(Stream stream, TensorData data)
    {
        for (long done = 0; done < data.Type.ByteCount;)
        {
            int piece = (int)Math.Min(PieceBytes, data.Type.ByteCount - done);
            stream.Write(data.AsBytes(done, piece));
            done += piece;
        }

        GC.KeepAlive(data);
    }

    private static byte[] MakeHeader(
        string file, SafetensorsSource[] tensors, Dictionary<string, long> offsets,
        IEnumerable<KeyValuePair<string, string>>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is not null)
                WriteMetadata(json, file, metadata);
            foreach (SafetensorsSource source in tensors)
                WriteEntry(json, source.Name, source.Type, offsets[source.Name]);
            json.WriteEndObject();
        }

        int padding = (Alignment - buffer.WrittenCount % Alignment) % Alignment;
        if (buffer.WrittenCount + padding > HeaderLimit)
            throw new ModelFileException(file, "byte 0", $"a header of at most {Bytes(HeaderLimit)}", Bytes(buffer.WrittenCount));
        buffer.GetSpan(Alignment)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter json, string file, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var keys = new HashSet<string>();
        json.WriteStartObject(SafetensorsHeader.MetadataName);
        foreach ((string key, string value) in metadata)
        {
            if (!keys.Add(key) || !IsUnicode(key) || !IsUnicode(value))
            {
                throw new ModelFileException(file, $"metadata {ModelFileException.Quote(key)}", "each key once, text in Unicode",
                    "this key again, or half a character");
            }

            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, string name, TensorType type, long offset)
    {
        json.WriteStartObject(name);
        json.WriteString("dtype", SafetensorsTypes.NameOf(type.DType));
        json.WriteStartArray("shape");
        foreach (long extent in type.Shape.Extents)
            json.WriteNumberValue(extent);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + type.ByteCount);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void CheckNames(string file, IEnumerable<string> names)
    {
        var known = new HashSet<string>();
        foreach (string name in names)
        {
            if (name.Length == 0 || name == SafetensorsHeader.MetadataName || !IsUnicode(name))
            {
                throw new ModelFileException(file, "the names", "names of tensors in Unicode, not empty and not __metadata__",
                    ModelFileException.Quote(name));
            }

            if (!known.Add(name))
                throw new ModelFileException(file, "the names", "each name once", $"{ModelFileException.Quote(name)} again");
        }
    }

    private static bool IsUnicode(string text)
    {
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out int used) != OperationStatus.Done)
                return false;
            rest = rest[used..];
        }

        return true;
    }

    private static void ReadExactly(Stream stream, Span<byte> target, string file)
    {
        int read = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        if (read < target.Length)
            throw new ModelFileException(file, "the end of the file", Bytes(target.Length) + " more", Bytes(read));
    }

    private static string Bytes(long count) => count.ToString(CultureInfo.InvariantCulture) + " bytes";
}
