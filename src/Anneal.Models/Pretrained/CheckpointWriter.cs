using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Anneal.Saving;

namespace Anneal.Models;

/// <summary>Writes the tensors of a model in one file or several. Each file appears under its name when it is whole.</summary>
internal static partial class CheckpointWriter
{
    internal static readonly KeyValuePair<string, string>[] Metadata = [new("format", "pt")];

    /// <summary>Writes all tensors.</summary>
    internal static void Write(string folder, IReadOnlyList<SafetensorsSource> tensors, long mostBytes)
    {
        List<List<SafetensorsSource>> shards = Divide(tensors, mostBytes);
        if (shards.Count == 1)
        {
            WriteFile(folder, Checkpoint.SingleFile, shards[0]);
            return;
        }

        var names = new string[shards.Count];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{names.Length:D5}.safetensors");
            WriteFile(folder, names[i], shards[i]);
        }

        WholeFile.Replace(Path.Combine(folder, Checkpoint.Index), stream => WriteIndex(stream, shards, names));
    }

    /// <summary>Whether a file of this name holds weights of a model, or says which do.</summary>
    internal static bool IsOfCheckpoint(string name) => name is Checkpoint.SingleFile or Checkpoint.Index || ShardName().IsMatch(name);

    [GeneratedRegex(@"^model-\d{5}-of-\d{5}\.safetensors$")]
    private static partial Regex ShardName();

    private static void WriteFile(string folder, string name, List<SafetensorsSource> tensors)
    {
        string path = Path.Combine(folder, name);
        WholeFile.Replace(path, stream => Safetensors.Write(stream, path, tensors, Metadata));
    }

    private static List<List<SafetensorsSource>> Divide(IReadOnlyList<SafetensorsSource> tensors, long mostBytes)
    {
        var shards = new List<List<SafetensorsSource>> { new() };
        long bytes = 0;
        foreach (SafetensorsSource tensor in tensors)
        {
            if (shards[^1].Count > 0 && bytes + tensor.Type.ByteCount > mostBytes)
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += tensor.Type.ByteCount;
        }

        return shards;
    }

    private static void WriteIndex(Stream stream, List<List<SafetensorsSource>> shards, string[] names)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_parameters", shards.Sum(s => s.Sum(t => t.Type.Shape.ElementCount)));
        json.WriteNumber("total_size", shards.Sum(s => s.Sum(t => t.Type.ByteCount)));
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach ((string tensor, string file) in shards.SelectMany((s, i) => s.Select(t => (t.Name, names[i]))).OrderBy(t => t.Name, StringComparer.Ordinal))
            json.WriteString(tensor, file);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
