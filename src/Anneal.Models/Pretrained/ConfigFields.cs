using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models;

/// <summary>
/// The fields of a <c>config.json</c>, read with checks: a field of the wrong kind or out of range is an error that names it. A field that is
/// null counts as missing, except where <see cref="Has"/> is asked.
/// </summary>
internal sealed class ConfigFields(JsonObject values, string file)
{
    /// <summary>Far above any model in use; bounds keep a hostile configuration from making long lists and large constants.</summary>
    internal const int MostLayers = 4096, MostWidth = 1 << 20, MostTokens = 1 << 26;

    private const int LongestFile = 1 << 24;
    private const int MostLabels = 1 << 20;

    internal string File { get; } = file;

    internal JsonObject Values { get; } = values;

    /// <summary>Parses the text of a configuration.</summary>
    /// <exception cref="ModelFileException">It is not a JSON object, too long, or has a name twice.</exception>
    internal static ConfigFields Parse(ReadOnlyMemory<byte> utf8, string file)
    {
        if (utf8.Length > LongestFile)
            throw new ModelFileException(file, "the file", $"at most {LongestFile} bytes", $"{utf8.Length} bytes");
        return new ConfigFields(JsonTree.ParseObject(utf8.Span, file), file);
    }

    /// <summary>Reads the configuration of a folder.</summary>
    internal static ConfigFields ReadFile(string path)
    {
        if (!System.IO.File.Exists(path))
            throw new ModelFileException(path, "the file", "the configuration of a model", "no file of this name" + FileSwitch.HintFor(path));
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        if (stream.Length > LongestFile)
            throw new ModelFileException(path, "the file", $"at most {LongestFile} bytes", $"{stream.Length} bytes");
        var utf8 = new byte[(int)stream.Length];
        stream.ReadExactly(utf8);
        return Parse(utf8, path);
    }

    /// <summary>Whether the field is written, be it as null.</summary>
    internal bool Has(string name) => Values.ContainsKey(name);

    internal bool IsMissing(string name) => Values[name] is null;

    internal int Int(string name, int fallback, int least, int most) => OptionalInt(name, least, most) ?? fallback;

    internal int? OptionalInt(string name, int least, int most)
    {
        if (Values[name] is not { } node)
            return null;
        return node is JsonValue value && value.TryGetValue(out double number) && number == Math.Floor(number) && number >= least && number <= most
            ? (int)number
            : throw Fail(name, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
    }

    internal double Number(string name, double fallback, double least, double most) => OptionalNumber(name, least, most) ?? fallback;

    internal double? OptionalNumber(string name, double least, double most)
    {
        if (Values[name] is not { } node)
            return null;
        return node is JsonValue value && value.TryGetValue(out double number) && number >= least && number <= most
            ? number
            : throw Fail(name, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
    }

    /// <summary>A probability of being dropped: from 0 to below 1.</summary>
    internal double Dropout(string name, double fallback) => Number(name, fallback, 0, Math.BitDecrement(1.0));

    internal bool Flag(string name, bool fallback)
    {
        if (Values[name] is not { } node)
            return fallback;
        return node is JsonValue value && value.TryGetValue(out bool truth) ? truth : throw Fail(name, "true or false");
    }

    internal string? Text(string name)
    {
        if (Values[name] is not { } node)
            return null;
        return node is JsonValue value && value.TryGetValue(out string? text) ? text : throw Fail(name, "a string");
    }

    internal Activation Activation(string name, Activation fallback) => Text(name) is not { } written
        ? fallback
        : ActivationNames.Find(written) ?? throw Fail(name, "one of " + ActivationNames.Known);

    internal ConfigFields? Part(string name)
    {
        if (Values[name] is not { } node)
            return null;
        return node is JsonObject part ? new ConfigFields(part, File) : throw Fail(name, "an object");
    }

    internal int[]? Ints(string name, int most, int least = 1)
    {
        if (Values[name] is not { } node)
            return null;
        if (node is not JsonArray array || array.Count > most)
            throw Fail(name, string.Create(CultureInfo.InvariantCulture, $"a list of at most {most} whole numbers"));
        var numbers = new int[array.Count];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (array[i] is not JsonValue value || !value.TryGetValue(out numbers[i]) || numbers[i] < least || numbers[i] > MostWidth)
                throw Fail(name, string.Create(CultureInfo.InvariantCulture, $"whole numbers from {least} to {MostWidth}"));
        }

        return numbers;
    }

    internal string[]? Texts(string name, int most)
    {
        if (Values[name] is not { } node)
            return null;
        if (node is not JsonArray array || array.Count > most)
            throw Fail(name, string.Create(CultureInfo.InvariantCulture, $"a list of at most {most} strings"));
        var texts = new string[array.Count];
        for (int i = 0; i < texts.Length; i++)
            texts[i] = array[i] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Fail(name, "strings");
        return texts;
    }

    /// <summary>The ids that end a text: one number or a list.</summary>
    internal int[] EndIds()
    {
        const string Name = "eos_token_id";
        if (Values[Name] is JsonArray)
            return Ints(Name, MostLayers, least: 0)!;
        return OptionalInt(Name, 0, MostTokens) is { } id ? [id] : [];
    }

    /// <summary>A padding id; some configurations write -1 for none.</summary>
    internal int? PaddingId(int? fallback = null) =>
        !Has("pad_token_id") ? fallback : OptionalInt("pad_token_id", -1, MostTokens) is { } id and >= 0 ? id : null;

    /// <summary>The names of classes by their numbers, from <c>id2label</c> or <c>num_labels</c>; two where neither is given.</summary>
    internal string[] Labels()
    {
        const string Name = "id2label";
        if (Part(Name) is not { } part)
            return PretrainedConfig.NumberedLabels(Int("num_labels", 2, 1, MostLabels));
        int count = part.Values.Count;
        if (count is 0 or > MostLabels)
            throw Fail(Name, string.Create(CultureInfo.InvariantCulture, $"1 to {MostLabels} labels"));
        var labels = new string[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = part.Values[i.ToString(CultureInfo.InvariantCulture)] is JsonValue value && value.TryGetValue(out string? text)
                ? text
                : throw Fail(Name, string.Create(CultureInfo.InvariantCulture, $"a string for each number from 0 to {count - 1}"));
        }

        return labels;
    }

    /// <summary>Refuses a field whose value changes the computation in a way that is not supported.</summary>
    internal void RequireFlag(string name, bool supported)
    {
        if (Flag(name, supported) != supported)
            throw Fail(name, (supported ? "true" : "false") + ", which alone is supported");
    }

    /// <summary>Refuses a field that has another word than the supported one.</summary>
    internal void RequireText(string name, string supported)
    {
        if (Text(name) is { } text && text != supported)
            throw Fail(name, $"'{supported}', which alone is supported");
    }

    internal ModelConfigException Fail(string name, string expected) => new(File, name, expected, Shown(Values[name]));

    private static string Shown(JsonNode? node) => node switch
    {
        null => "nothing",
        JsonObject => "an object",
        JsonArray array => string.Create(CultureInfo.InvariantCulture, $"a list of {array.Count}"),
        _ => ModelFileException.Quote(node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString()),
    };
}
