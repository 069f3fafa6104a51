using System.Globalization;
using System.Text.Json.Nodes;

namespace Anneal;

/// <summary>
/// What a layer's constructor needs, as it is stored in <c>config.json</c>: named numbers, words, enums and lists. Reading a value that
/// is missing or of another kind, and leaving one unread, are errors that name the layer.
/// </summary>
public sealed class LayerConfig
{
    private readonly JsonObject _values;
    private readonly HashSet<string> _read = [];
    private readonly List<LayerConfig> _parts = [];
    private readonly string _file;

    internal LayerConfig(string owner) : this(owner, [], "config.json")
    {
    }

    internal LayerConfig(string owner, JsonObject values, string file) => (Owner, _values, _file) = (owner, values, file);

    /// <summary>Whose configuration this is.</summary>
    internal string Owner { get; }

    internal JsonObject Values => _values;

    internal string File => _file;

    /// <summary>Stores a whole number.</summary>
    public void Set(string name, int value) => Set(name, (long)value);

    /// <summary>Stores a whole number.</summary>
    public void Set(string name, long value) => _values[name] = JsonValue.Create(value);

    /// <summary>Stores a number; it must be finite.</summary>
    public void Set(string name, double value) => _values[name] = double.IsFinite(value)
        ? JsonValue.Create(value)
        : throw new OptionException(string.Create(CultureInfo.InvariantCulture, $"{Owner}: {name} is {value}, which cannot be stored."));

    /// <summary>Stores a truth value.</summary>
    public void Set(string name, bool value) => _values[name] = JsonValue.Create(value);

    /// <summary>Stores a word.</summary>
    public void Set(string name, string value) => _values[name] = JsonValue.Create(value);

    /// <summary>Stores the name of an enum's value.</summary>
    public void Set<T>(string name, T value) where T : struct, Enum => _values[name] = JsonValue.Create(value.ToString());

    /// <summary>Stores whole numbers.</summary>
    public void Set(string name, ReadOnlySpan<long> values)
    {
        var array = new JsonArray();
        foreach (long value in values)
            array.Add((JsonNode)JsonValue.Create(value));
        _values[name] = array;
    }

    /// <summary>Stores an extent in rows and columns.</summary>
    public void Set(string name, Size2D value) => Set(name, [value.Height, value.Width]);

    /// <summary>Stores an initializer.</summary>
    public void Set(string name, Initializer value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _values[name] = InitializerTable.Write(value).Values;
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="ModelFileException">It is missing or something else.</exception>
    public long GetInt64(string name) => Take(name) is JsonValue value && value.TryGetValue(out long number)
        ? number
        : throw Fail(name, "a whole number", Shown(name));

    /// <summary>A whole number of 32 bits.</summary>
    /// <exception cref="ModelFileException">It is missing or something else.</exception>
    public int GetInt32(string name) => GetInt64(name) is >= int.MinValue and <= int.MaxValue and long value
        ? (int)value
        : throw Fail(name, "a whole number of 32 bits", Shown(name));

    /// <summary>A number.</summary>
    /// <exception cref="ModelFileException">It is missing or something else.</exception>
    public double GetDouble(string name) => Take(name) is JsonValue value && value.TryGetValue(out double number)
        ? number
        : throw Fail(name, "a number", Shown(name));

    /// <summary>A truth value.</summary>
    /// <exception cref="ModelFileException">It is missing or something else.</exception>
    public bool GetBoolean(string name) => Take(name) is JsonValue value && value.TryGetValue(out bool truth)
        ? truth
        : throw Fail(name, "true or false", Shown(name));

    /// <summary>A word.</summary>
    /// <exception cref="ModelFileException">It is missing or something else.</exception>
    public string GetString(string name) => Take(name) is JsonValue value && value.TryGetValue(out string? text)
        ? text
        : throw Fail(name, "a string", Shown(name));

    /// <summary>An enum's value by its name.</summary>
    /// <exception cref="ModelFileException">It is missing or not one of the enum's names.</exception>
    public T GetEnum<T>(string name) where T : struct, Enum
    {
        string text = GetString(name);
        return Enum.TryParse(text, ignoreCase: false, out T value) && Enum.IsDefined(value) && value.ToString() == text
            ? value
            : throw Fail(name, "one of " + string.Join(", ", Enum.GetNames<T>()), text);
    }

    /// <summary>Whole numbers.</summary>
    /// <exception cref="ModelFileException">They are missing or something else.</exception>
    public long[] GetInt64Array(string name)
    {
        if (Take(name) is not JsonArray array)
            throw Fail(name, "a list of whole numbers", Shown(name));
        var values = new long[array.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (array[i] is not JsonValue value || !value.TryGetValue(out values[i]))
                throw Fail(name, "a list of whole numbers", Shown(name));
        }

        return values;
    }

    /// <summary>An extent in rows and columns.</summary>
    /// <exception cref="ModelFileException">It is missing or something else.</exception>
    public Size2D GetSize2D(string name) => GetInt64Array(name) is [>= 0 and <= int.MaxValue and var height, >= 0 and <= int.MaxValue and var width]
        ? new Size2D((int)height, (int)width)
        : throw Fail(name, "a height and a width", Shown(name));

    /// <summary>An initializer.</summary>
    /// <exception cref="ModelFileException">It is missing or something else.</exception>
    public Initializer GetInitializer(string name) => InitializerTable.Read(Part(name));

    internal void SetParts(string name, IEnumerable<LayerConfig> parts)
    {
        var array = new JsonArray();
        foreach (LayerConfig part in parts)
            array.Add((JsonNode)part.Values);
        _values[name] = array;
    }

    internal void SetStrings(string name, IEnumerable<string> values) => _values[name] = new JsonArray([.. values.Select(v => (JsonNode)JsonValue.Create(v))]);

    internal void SetPart(string name, LayerConfig part) => _values[name] = part.Values;

    /// <summary>Stores an object whose content another format defines.</summary>
    internal void SetObject(string name, JsonObject value) => _values[name] = value;

    /// <summary>An object whose content another format defines; what is inside counts as read.</summary>
    internal JsonObject GetObject(string name) => Take(name) as JsonObject ?? throw Fail(name, "an object", Shown(name));

    internal bool Contains(string name) => _values.ContainsKey(name);

    internal LayerConfig Part(string name)
    {
        if (Take(name) is not JsonObject part)
            throw Fail(name, "an object", Shown(name));
        var config = new LayerConfig($"{Owner}: {name}", part, _file);
        _parts.Add(config);
        return config;
    }

    internal string[] GetStrings(string name) => Take(name) is JsonArray array && array.All(a => a is JsonValue value && value.TryGetValue(out string? _))
        ? [.. array.Select(a => a!.GetValue<string>())]
        : throw Fail(name, "a list of strings", Shown(name));

    internal double[] GetDoubles(string name) => Take(name) is JsonArray array && array.All(a => a is JsonValue value && value.TryGetValue(out double _))
        ? [.. array.Select(a => a!.GetValue<double>())]
        : throw Fail(name, "a list of numbers", Shown(name));

    internal LayerConfig[] Parts(string name)
    {
        if (Take(name) is not JsonArray array)
            throw Fail(name, "a list of objects", Shown(name));
        var parts = new LayerConfig[array.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            if (array[i] is not JsonObject part)
                throw Fail(name, "a list of objects", Shown(name));
            parts[i] = new LayerConfig(string.Create(CultureInfo.InvariantCulture, $"{Owner}: {name}[{i}]"), part, _file);
        }

        _parts.AddRange(parts);
        return parts;
    }

    /// <summary>Makes sure that every stored value has been read: one that is not would be ignored silently.</summary>
    internal void RequireAllRead()
    {
        foreach ((string name, JsonNode? _) in _values)
        {
            if (!_read.Contains(name))
                throw Fail(name, "only options that are known here", Shown(name));
        }

        foreach (LayerConfig part in _parts)
            part.RequireAllRead();
    }

    /// <summary>Whole numbers that an <see cref="int"/> holds.</summary>
    internal int[] GetInt32Array(string name) => Array.ConvertAll(
        GetInt64Array(name), v => v is >= int.MinValue and <= int.MaxValue ? (int)v : throw Fail(name, "whole numbers of 32 bits", v.ToString(CultureInfo.InvariantCulture)));

    internal ModelFileException Fail(string name, string expected, string found) =>
        new(_file, $"{Owner}, {ModelFileException.Quote(name)}", expected, found);

    private JsonNode? Take(string name)
    {
        _read.Add(name);
        return _values[name];
    }

    private string Shown(string name) => _values[name] is { } value ? ModelFileException.Quote(value.ToJsonString()) : "nothing";
}
