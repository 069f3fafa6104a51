using System.Globalization;

namespace Anneal.Saving;

/// <summary>One tensor of a header.</summary>
/// <param name="Name">The name, unique in the file.</param>
/// <param name="Type">The data type and shape.</param>
/// <param name="Begin">Where its bytes begin, counted from the end of the header.</param>
/// <param name="End">Where its bytes end.</param>
internal sealed record SafetensorsEntry(string Name, TensorType Type, long Begin, long End);

/// <summary>The header of a safetensors file, checked against the length of the file before anything is allocated for it.</summary>
internal sealed class SafetensorsHeader
{
    internal const string MetadataName = "__metadata__";
    // Far above any tensor in use; it keeps a hostile header from making long lists.
    private const int MaxRank = 64;
    private readonly string _file;

    private SafetensorsHeader(string file) => _file = file;

    internal List<SafetensorsEntry> Entries { get; } = [];

    internal OrderedDictionary<string, string> Metadata { get; } = [];

    /// <summary>Reads and checks a header.</summary>
    /// <param name="json">The text between the length and the values.</param>
    /// <param name="valueBytes">How many bytes follow the header.</param>
    /// <param name="file">The file, for messages.</param>
    internal static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long valueBytes, string file)
    {
        var header = new SafetensorsHeader(file);
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw new ModelFileException(file, "byte 8",
                "a header that begins with {", json.IsEmpty ? "no header" : $"the byte 0x{json[0]:X2}");
        }

        var reader = new StrictJson(json, file, sizeof(ulong));
        header.ReadAll(ref reader);
        header.CheckCoverage(valueBytes);
        return header;
    }

    private void ReadAll(ref StrictJson reader)
    {
        var names = new HashSet<string>();
        reader.StartObject("a JSON object of tensors");
        while (reader.NextName("the name of a tensor") is { } name)
        {
            if (name.Length == 0)
                throw reader.Fail("the name of a tensor", "an empty name");
            if (!names.Add(name))
                throw reader.Fail("each name once", $"{ModelFileException.Quote(name)} again");
            if (name == MetadataName)
                ReadMetadata(ref reader);
            else
                Entries.Add(ReadEntry(ref reader, name));
        }

        reader.End("the end of the header");
    }

    private void ReadMetadata(ref StrictJson reader)
    {
        reader.StartObject("an object of strings as metadata");
        while (reader.NextName("a key of the metadata") is { } key)
        {
            if (!Metadata.TryAdd(key, reader.String("a string in the metadata")))
                throw reader.Fail("each key of the metadata once", $"{ModelFileException.Quote(key)} again");
        }
    }

    private SafetensorsEntry ReadEntry(ref StrictJson reader, string name)
    {
        DType? dtype = null;
        List<long>? extents = null, offsets = null;
        string shown = ModelFileException.Quote(name);
        reader.StartObject($"the object of tensor {shown}");
        while (reader.NextName($"dtype, shape or data_offsets of {shown}") is { } key)
        {
            switch (key)
            {
                case "dtype" when dtype is null:
                    string written = reader.String($"the dtype of {shown}");
                    dtype = SafetensorsTypes.Find(written)
                        ?? throw reader.Fail($"a dtype of {shown} among {SafetensorsTypes.All}", ModelFileException.Quote(written));
                    break;
                case "shape" when extents is null:
                    extents = ReadNumbers(ref reader, $"an extent of {shown}", MaxRank);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, $"a data offset of {shown}", 2);
                    break;
                default:
                    throw reader.Fail($"dtype, shape and data_offsets of {shown}, each once", ModelFileException.Quote(key));
            }
        }

        if (dtype is null || extents is null || offsets is not { Count: 2 })
            throw reader.Fail($"dtype, shape and two data_offsets of {shown}", "an object in which one is missing");
        return new SafetensorsEntry(name, TypeOf(shown, dtype.Value, extents), offsets[0], offsets[1]);
    }

    private static List<long> ReadNumbers(ref StrictJson reader, string what, int most)
    {
        var numbers = new List<long>();
        reader.StartArray(what);
        while (reader.NextNatural(what) is { } number)
        {
            if (numbers.Count == most)
                throw reader.Fail(what, "one number too many");
            numbers.Add(number);
        }

        return numbers;
    }

    private TensorType TypeOf(string shown, DType dtype, List<long> extents)
    {
        // The bound is that of Shape, which counts an extent of 0 as 1 so that the order of the extents does not matter.
        UInt128 count = 1;
        foreach (long extent in extents)
        {
            count *= (ulong)Math.Max(extent, 1);
            if (count * (uint)dtype.Size() > 1UL << 62)
                throw new ModelFileException(_file, $"tensor {shown}", "a shape of at most 2^62 bytes", "a larger one");
        }

        return new TensorType(dtype, new Shape([.. extents]));
    }

    /// <summary>The tensors must cover the values from the first byte to the last, each byte once.</summary>
    private void CheckCoverage(long valueBytes)
    {
        long position = 0;
        foreach (SafetensorsEntry entry in Entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            string where = $"tensor {ModelFileException.Quote(entry.Name)}";
            if (entry.End < entry.Begin || entry.End - entry.Begin != entry.Type.ByteCount)
            {
                throw new ModelFileException(
                    _file, where, Number($"data_offsets that span the {entry.Type.ByteCount} bytes of {Short(entry.Type)}"),
                    Number($"{entry.Begin} to {entry.End}"));
            }

            if (entry.Begin != position)
            {
                throw new ModelFileException(_file, where, Number($"its bytes to begin at {position}, without a gap or overlap"),
                    Number($"{entry.Begin}"));
            }

            if (entry.End > valueBytes)
            {
                throw new ModelFileException(_file, where, Number($"its bytes to end within the {valueBytes} that follow the header"),
                    Number($"{entry.End}"));
            }

            position = entry.End;
        }

        if (position != valueBytes)
            throw new ModelFileException(_file, "the end of the file", Number($"{position} bytes of values"), Number($"{valueBytes}"));
    }

    private static string Short(TensorType type) =>
        type.Shape.Rank <= 8 ? type.ToString() : Number($"{type.DType.Name()} of rank {type.Shape.Rank}");

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
