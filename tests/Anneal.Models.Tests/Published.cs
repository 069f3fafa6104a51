using System.Text.Json.Nodes;
using Anneal.Saving;
using Anneal.Testing;

namespace Anneal.Models.Tests;

/// <summary>The small published models that the project keeps, and folders to change copies of them in.</summary>
internal static class Published
{
    internal static string Root { get; } = Path.Combine(Repository.Root, "tests", "golden", "models");

    internal static string[] Names { get; } =
    [
        .. Directory.GetDirectories(Root).Where(d => File.Exists(Path.Combine(d, "config.json")) && File.Exists(Path.Combine(d, "io.safetensors")))
            .Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal),
    ];

    internal static string Folder(string name) => Path.Combine(Root, name);

    internal static PretrainedModel Load(string name) => PretrainedModel.Load(Folder(name));

    internal static JsonObject Config(string folder) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")))!.AsObject();

    internal static TensorData Array(string name, string array) => Safetensors.Read(Path.Combine(Folder(name), "io.safetensors")).Tensors[array];

    /// <summary>All tensors of a folder in the published form.</summary>
    internal static SortedDictionary<string, TensorData> Tensors(string folder)
    {
        var all = new SortedDictionary<string, TensorData>(StringComparer.Ordinal);
        foreach (string file in Directory.GetFiles(folder, "model*.safetensors"))
        {
            foreach ((string name, TensorData data) in Safetensors.Read(file).Tensors)
                all.Add(name, data);
        }

        return all;
    }

    /// <summary>What a model is given in its golden case.</summary>
    internal static Dataset Inputs(string name) => Load(name) switch
    {
        CausalLanguageModel => new ArrayDataset([Array(name, "input_ids")], []),
        T5ForConditionalGeneration => new ArrayDataset([Array(name, "input_ids"), Array(name, "decoder_input_ids")], []),
        TextEncoderModel => new ArrayDataset([Array(name, "input_ids"), Array(name, "attention_mask")], []),
        _ => new ArrayDataset([Tensor.From(Array(name, "pixel_values")).Transpose(0, 2, 3, 1).Evaluate()], []),
    };
}

/// <summary>A folder for one test.</summary>
internal sealed class Scratch : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("anneal-models-").FullName;

    /// <summary>A copy of a published model whose configuration, and perhaps tensors, are changed.</summary>
    internal static Scratch Copy(string name, Action<JsonObject>? config = null, Func<OrderedDictionary<string, TensorData>, IEnumerable<(string, TensorData)>>? tensors = null)
    {
        var scratch = new Scratch();
        foreach (string file in Directory.GetFiles(Published.Folder(name)).Where(f => System.IO.Path.GetFileName(f) != "io.safetensors"))
            System.IO.File.Copy(file, scratch.File(System.IO.Path.GetFileName(file)));
        if (config is not null)
        {
            JsonObject values = Published.Config(scratch.Path);
            config(values);
            System.IO.File.WriteAllText(scratch.File("config.json"), values.ToJsonString());
        }

        if (tensors is not null)
        {
            string file = scratch.File("model.safetensors");
            (string, TensorData)[] changed = [.. tensors(Safetensors.Read(file).Tensors)];
            Safetensors.Write(file, changed);
        }

        return scratch;
    }

    internal string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
