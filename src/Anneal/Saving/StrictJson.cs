using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Anneal.Saving;

/// <summary>
/// Reads JSON of which every token is known beforehand. Whatever differs is a <see cref="ModelFileException"/> with the position of
/// the byte in the file.
/// </summary>
internal ref struct StrictJson
{
    private readonly string _file, _path;
    private readonly long _start;
    private Utf8JsonReader _reader;

    /// <summary>Begins to read.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="file">The file, for messages.</param>
    /// <param name="start">Where in the file the text begins.</param>
    /// <param name="path">The names that lead to this part of the file, for messages.</param>
    /// <param name="maxDepth">How deep objects and arrays may be nested.</param>
    internal StrictJson(ReadOnlySpan<byte> utf8, string file, long start = 0, string path = "", int maxDepth = 16)
    {
        (_file, _start, _path) = (file, start, path);
        if (!Utf8.IsValid(utf8))
            throw new ModelFileException(file, At(start + FirstInvalid(utf8)), "text in UTF-8", "bytes that are not");
        _reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = maxDepth });
    }

    /// <summary>Where the current token begins, for messages.</summary>
    internal readonly string Where => At(_start + _reader.TokenStartIndex);

    internal void StartObject(string what)
    {
        Read(what);
        Require(JsonTokenType.StartObject, what);
    }

    internal void StartArray(string what)
    {
        Read(what);
        Require(JsonTokenType.StartArray, what);
    }

    /// <summary>The next name in an object, or null at its end.</summary>
    internal string? NextName(string what)
    {
        Read(what);
        if (_reader.TokenType == JsonTokenType.EndObject)
            return null;
        Require(JsonTokenType.PropertyName, what);
        return Text(what);
    }

    internal string String(string what)
    {
        Read(what);
        Require(JsonTokenType.String, what);
        return Text(what);
    }

    /// <summary>A whole number from 0 to 2^63 - 1, written as digits.</summary>
    internal long Natural(string what)
    {
        Read(what);
        return CurrentNatural(what);
    }

    /// <summary>The next number in an array, or null at its end.</summary>
    internal long? NextNatural(string what)
    {
        Read(what);
        return _reader.TokenType == JsonTokenType.EndArray ? null : CurrentNatural(what);
    }

    /// <summary>The kind of the next value of an array, which becomes the current one; <see cref="JsonTokenType.EndArray"/> at its end.</summary>
    internal JsonTokenType NextElement(string what)
    {
        Read(what);
        return _reader.TokenType;
    }

    /// <summary>The current value, a text.</summary>
    internal readonly string CurrentString(string what)
    {
        Require(JsonTokenType.String, what);
        return Text(what);
    }

    internal bool Boolean(string what)
    {
        Read(what);
        if (_reader.TokenType is not (JsonTokenType.True or JsonTokenType.False))
            throw Fail(what, $"a JSON {_reader.TokenType}");
        return _reader.GetBoolean();
    }

    /// <summary>A finite number.</summary>
    internal double Number(string what)
    {
        Read(what);
        Require(JsonTokenType.Number, what);
        if (!_reader.TryGetDouble(out double value) || !double.IsFinite(value))
            throw Fail(what, "a number that is too large");
        return value;
    }

    /// <summary>Passes over the next value. Gives its kind and its bytes, counted from the beginning of the text.</summary>
    internal (JsonTokenType Kind, int Start, int Length) Value(string what)
    {
        Read(what);
        return Current(what);
    }

    /// <summary>Passes over the current value. Gives its kind and its bytes, counted from the beginning of the text.</summary>
    internal (JsonTokenType Kind, int Start, int Length) Current(string what)
    {
        JsonTokenType kind = _reader.TokenType;
        int start = (int)_reader.TokenStartIndex;
        SkipCurrent(what);
        return (kind, start, (int)_reader.BytesConsumed - start);
    }

    internal void SkipValue(string what)
    {
        Read(what);
        SkipCurrent(what);
    }

    private void SkipCurrent(string what)
    {
        int depth = _reader.CurrentDepth;
        if (_reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        do
            Read(what);
        while (_reader.CurrentDepth > depth);
    }

    /// <summary>Makes sure that nothing but white space follows.</summary>
    internal void End(string what)
    {
        if (TryRead(what))
            throw Fail(what, "more behind it");
    }

    internal readonly ModelFileException Fail(string expected, string found) => new(_file, Where, expected, found);

    private void Read(string what)
    {
        if (!TryRead(what))
            throw new ModelFileException(_file, At(_start + _reader.BytesConsumed), what, "the end of the text");
    }

    private bool TryRead(string what)
    {
        try
        {
            return _reader.Read();
        }
        catch (JsonException e)
        {
            throw new ModelFileException(_file, At(_start + _reader.BytesConsumed), what, "text that is not JSON", e);
        }
    }

    private readonly void Require(JsonTokenType type, string what)
    {
        if (_reader.TokenType != type)
            throw Fail(what, $"a JSON {_reader.TokenType}");
    }

    private readonly long CurrentNatural(string what)
    {
        Require(JsonTokenType.Number, what);
        if (!_reader.TryGetInt64(out long value) || value < 0)
            throw Fail(what, "a number that is not a whole one from 0 to 2^63 - 1");
        return value;
    }

    private readonly string Text(string what)
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // The reader's way to say that an escape stands for half of a character.
            throw new ModelFileException(_file, Where, what, "a string that is not Unicode", e);
        }
    }

    private readonly string At(long position) => string.Create(CultureInfo.InvariantCulture, $"byte {position}{(_path.Length > 0 ? ", in " : "")}{_path}");

    private static int FirstInvalid(ReadOnlySpan<byte> utf8)
    {
        for (int position = 0; position < utf8.Length;)
        {
            if (Rune.DecodeFromUtf8(utf8[position..], out _, out int length) != OperationStatus.Done)
                return position;
            position += length;
        }

        return utf8.Length;
    }
}
