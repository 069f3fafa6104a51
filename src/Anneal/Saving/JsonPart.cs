using System.Globalization;
using System.Text.Json;

namespace Anneal.Saving;

/// <summary>
/// A value in a JSON file whose members may come in any order. Nothing is kept but where the value stands, so a large file costs no more than its
/// bytes; what differs from what is asked for is a <see cref="ModelFileException"/> with the byte and the names that lead there.
/// </summary>
internal readonly struct JsonPart
{
    private const int MaxDepth = 64;
    private readonly byte[] _file;
    private readonly int _start, _length;

    private JsonPart(string name, byte[] file, string path, JsonTokenType kind, int start, int length) =>
        (FileName, _file, Path, Kind, _start, _length) = (name, file, path, kind, start, length);

    /// <summary>The file, for messages.</summary>
    internal string FileName { get; }

    /// <summary>The names that lead here, such as <c>model.vocab</c>; empty for the whole file.</summary>
    internal string Path { get; }

    /// <summary>What kind of value it is.</summary>
    internal JsonTokenType Kind { get; }

    internal bool IsNull => Kind == JsonTokenType.Null;

    /// <summary>Where it stands, for messages.</summary>
    internal string Where => string.Create(CultureInfo.InvariantCulture, $"byte {_start}{(Path.Length > 0 ? ", in " : "")}{Path}");

    private string What => Path.Length > 0 ? Path : "the file";

    /// <summary>Makes sure that a file is one JSON value and nothing else.</summary>
    internal static JsonPart Parse(byte[] file, string name)
    {
        var reader = new StrictJson(file, name, maxDepth: MaxDepth);
        (JsonTokenType kind, int start, int length) = reader.Value("a JSON value");
        reader.End("the end of the file");
        return new JsonPart(name, file, "", kind, start, length);
    }

    /// <summary>A reader that stands before this value.</summary>
    internal StrictJson Read() => new(_file.AsSpan(_start, _length), FileName, _start, Path, MaxDepth);

    /// <summary>The members of an object in the order of the file.</summary>
    internal OrderedDictionary<string, JsonPart> Members()
    {
        Require(JsonTokenType.StartObject, "an object");
        var members = new OrderedDictionary<string, JsonPart>();
        StrictJson reader = Read();
        reader.StartObject(What);
        while (reader.NextName(What) is { } name)
        {
            string where = reader.Where, path = Join(name);
            (JsonTokenType kind, int start, int length) = reader.Value(path);
            if (!members.TryAdd(name, new JsonPart(FileName, _file, path, kind, _start + start, length)))
                throw new ModelFileException(FileName, where, "each name once", $"{ModelFileException.Quote(name)} twice");
        }

        return members;
    }

    /// <summary>The elements of an array.</summary>
    internal List<JsonPart> Elements()
    {
        Require(JsonTokenType.StartArray, "an array");
        var elements = new List<JsonPart>();
        StrictJson reader = Read();
        reader.StartArray(What);
        while (reader.NextElement(What) != JsonTokenType.EndArray)
        {
            (JsonTokenType kind, int start, int length) = reader.Current(What);
            string path = string.Create(CultureInfo.InvariantCulture, $"{Path}[{elements.Count}]");
            elements.Add(new JsonPart(FileName, _file, path, kind, _start + start, length));
        }

        return elements;
    }

    internal string Text()
    {
        Require(JsonTokenType.String, "a string");
        return Read().String(What);
    }

    internal bool Boolean()
    {
        if (Kind is not (JsonTokenType.True or JsonTokenType.False))
            throw Fail("true or false", $"a JSON {Kind}");
        return Kind == JsonTokenType.True;
    }

    /// <summary>A whole number from 0 to a bound.</summary>
    internal int Natural(int most = int.MaxValue)
    {
        Require(JsonTokenType.Number, "a whole number");
        long value = Read().Natural(What);
        return value <= most ? (int)value : throw Fail(string.Create(CultureInfo.InvariantCulture, $"a whole number from 0 to {most}"), value.ToString(CultureInfo.InvariantCulture));
    }

    internal double Number()
    {
        Require(JsonTokenType.Number, "a number");
        return Read().Number(What);
    }

    internal void Require(JsonTokenType kind, string expected)
    {
        if (Kind != kind)
            throw Fail(expected, $"a JSON {Kind}");
    }

    internal ModelFileException Fail(string expected, string found) => new(FileName, Where, expected, found);

    private string Join(string name)
    {
        string quoted = ModelFileException.Quote(name)[1..^1];
        return Path.Length == 0 ? quoted : Path.Length > 200 ? Path : Path + "." + quoted;
    }
}
