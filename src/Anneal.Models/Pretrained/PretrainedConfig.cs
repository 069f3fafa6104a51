using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models;

/// <summary>
/// What a <c>config.json</c> says of a model. A configuration that was read keeps the fields that Anneal does not know, and writes them again;
/// of the known ones it writes those anew that have changed.
/// </summary>
public abstract record PretrainedConfig
{
    internal const string InCode = "the configuration";

    private protected PretrainedConfig()
    {
    }

    /// <summary>The name of the family, such as <c>bert</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>The text that was read; null where the configuration was made in code.</summary>
    internal string? Source { get; init; }

    /// <summary>How many layers there are; a checkpoint has at least as many tensors.</summary>
    internal abstract int Depth { get; }

    /// <summary>Makes sure that the fields do not contradict each other.</summary>
    /// <exception cref="ModelConfigException">They do.</exception>
    internal abstract void Check(string file);

    /// <summary>Writes the known fields in the current form.</summary>
    internal abstract void WriteFields(JsonObject fields);

    /// <summary>Reads a configuration of the same family.</summary>
    internal abstract PretrainedConfig Read(ConfigFields fields);

    /// <summary>The configuration that the files speak of, where they know better than the fields.</summary>
    internal virtual PretrainedConfig FitTo(Checkpoint checkpoint) => this;

    /// <summary>Fields of older forms that a known field, once changed, takes the place of.</summary>
    internal virtual IEnumerable<(string Field, string[] Older)> OlderForms => [];

    /// <summary>The fields as they are saved: those that were read, the changed ones anew.</summary>
    internal JsonObject ToJson()
    {
        var written = new JsonObject();
        WriteFields(written);
        if (Source is null)
        {
            written["model_type"] = ModelType;
            return written;
        }

        JsonObject result = JsonTree.ParseObject(System.Text.Encoding.UTF8.GetBytes(Source), InCode), before = [];
        Reread(result).WriteFields(before);
        foreach ((string name, JsonNode? value) in written)
        {
            if (JsonNode.DeepEquals(value, before[name]))
                continue;
            foreach ((string field, string[] older) in OlderForms)
            {
                if (field == name)
                    Array.ForEach(older, o => result.Remove(o));
            }

            result[name] = value?.DeepClone();
        }

        // A field that is missing may follow from one that has changed.
        var after = new JsonObject();
        Reread(result).WriteFields(after);
        foreach ((string name, JsonNode? value) in written)
        {
            if (!JsonNode.DeepEquals(value, after[name]))
                result[name] = value?.DeepClone();
        }

        return result;
    }

    /// <summary>What the fields say once they are written, where every number is one of JSON.</summary>
    private PretrainedConfig Reread(JsonObject fields) => Read(ConfigFields.Parse(System.Text.Encoding.UTF8.GetBytes(Text(fields)), InCode));

    /// <summary>Keeps the text of what was read.</summary>
    internal static string Text(JsonObject values)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
            values.WriteTo(json);
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    internal static string[] NumberedLabels(int count) =>
        [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"LABEL_{i}"))];

    private protected static void WriteLabels(JsonObject fields, IReadOnlyList<string> labels)
    {
        var byId = new JsonObject();
        var byLabel = new JsonObject();
        for (int i = 0; i < labels.Count; i++)
        {
            byId[i.ToString(CultureInfo.InvariantCulture)] = labels[i];
            byLabel[labels[i]] = i;
        }

        fields["id2label"] = byId;
        fields["label2id"] = byLabel;
    }

    private protected static void Require(bool holds, string file, string field, string expected, IFormattable found)
    {
        if (!holds)
            throw new ModelConfigException(file, field, expected, found.ToString(null, CultureInfo.InvariantCulture));
    }

    private protected static void RequireHeads(string file, string field, int heads, string widthField, int width) =>
        Require(width % heads == 0, file, field, string.Create(CultureInfo.InvariantCulture, $"a number that divides {widthField}, which is {width}"), heads);

    private protected static void RequireLabels(string file, IReadOnlyList<string> labels) =>
        Require(labels.Count > 0, file, "id2label", "at least one label", labels.Count);

    /// <summary>The range that the fields of widths, depths and vocabularies must keep, also where they are set in code.</summary>
    private protected static void RequireSizes(string file, params ReadOnlySpan<(string Field, int Value, int Most)> sizes)
    {
        foreach ((string field, int value, int most) in sizes)
            Require(value >= 1 && value <= most, file, field, string.Create(CultureInfo.InvariantCulture, $"a whole number from 1 to {most}"), value);
    }
}
