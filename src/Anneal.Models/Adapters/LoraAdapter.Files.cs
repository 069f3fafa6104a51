using System.Text.Json;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models;

/// <content>PEFT's files, and adapters of models as Anneal saves them.</content>
public sealed partial class LoraAdapter
{
    internal const string WeightsFile = "adapter_model.safetensors";
    private const string Stored = "adapters", Active = "activeAdapter";
    private readonly Dictionary<string, DType> _loadedTypes = [];

    /// <summary>
    /// Puts an adapter that PEFT saved on a model and makes it the active one: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. All
    /// names, shapes and types are compared before anything is read, and the model is as it was when this fails.
    /// </summary>
    /// <param name="model">The base model, whose own parameters are frozen from now on.</param>
    /// <param name="folder">Where the adapter is.</param>
    /// <param name="name">Its name among the model's adapters.</param>
    /// <exception cref="ModelConfigException">The adapter is of another kind than LoRA, or a field is wrong or asks for what is not supported.</exception>
    /// <exception cref="AdapterException">It was made for another architecture, a target is no product of the model, or the name is taken.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape: another base model, or another rank than the configuration says.</exception>
    /// <exception cref="ModelFileException">A file is missing or damaged.</exception>
    public static LoraAdapter Load(PretrainedModel model, string folder, string name = "default")
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ConfigFields fields = ConfigFields.ReadFile(Path.Combine(folder, LoraConfigFile.FileName));
        LoraOptions options = LoraConfigFile.Read(fields);
        LoraConfigFile.RequireMadeFor(fields, model);
        LoraAdapter adapter = Make(model, options, name);
        adapter.ReadWeights(folder);
        model.Take(adapter);
        return adapter;
    }

    /// <summary>
    /// Saves the adapter alone, as PEFT does: <c>adapter_model.safetensors</c> and <c>adapter_config.json</c>. Both take the places of what an earlier save
    /// left in the folder when they are whole; a save that fails leaves that as it was.
    /// </summary>
    /// <param name="folder">Where to; made where there is none.</param>
    /// <exception cref="ModelFileException">The files cannot take their places.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        SafetensorsSource[] tensors = [.. Entries().Select(Source)];
        string path = Path.Combine(folder, WeightsFile);
        WholeFile.WritePart(path, stream => Safetensors.Write(stream, path, tensors, CheckpointWriter.Metadata));
        JsonObject config = LoraConfigFile.Write(Options, Model, IsInputsFirst, HasTiedCopies);
        WholeFile.WritePart(Path.Combine(folder, LoraConfigFile.FileName), stream =>
        {
            using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
            config.WriteTo(json);
        });
        FileSwitch.Run(folder, [WeightsFile, LoraConfigFile.FileName], _ => false);
    }

    /// <summary>Writes the adapters of a model into its own configuration; their values are among the model's.</summary>
    internal static void WriteAll(PretrainedModel model, LayerConfig config)
    {
        if (model.Adapters.Count == 0)
            return;
        config.SetObject(Stored, new JsonObject(model.Adapters.Select(a => KeyValuePair.Create(a.Name, (JsonNode?)LoraConfigFile.Write(a.Options, model, a.IsInputsFirst, a.HasTiedCopies)))));
        if (model.ActiveAdapter is { } active)
            config.Set(Active, active.Name);
    }

    /// <summary>Makes the adapters that <see cref="WriteAll"/> wrote; their values are read with the model's.</summary>
    internal static void ReadAll(PretrainedModel model, LayerConfig config)
    {
        if (!config.Contains(Stored))
            return;
        JsonObject stored = config.GetObject(Stored);
        model.EnsureBuilt([.. model.InputsToBuild], namesOnly: true);
        foreach ((string name, JsonNode? value) in stored)
        {
            if (value is not JsonObject fields)
                throw new ModelConfigException("config.json", Stored, "an object for each adapter", "something else");
            model.Take(Make(model, LoraConfigFile.Read(new ConfigFields(fields, "config.json")), name));
        }

        string? active = config.Contains(Active) ? config.GetString(Active) : null;
        model.Use(model.Adapters.FirstOrDefault(a => a.Name == active));
    }

    private void ReadWeights(string folder)
    {
        using MappedSafetensors file = MappedSafetensors.Open(Path.Combine(folder, WeightsFile));
        var missing = new List<string>();
        var mismatched = new List<string>();
        var used = new HashSet<string>();
        var plan = new List<(WeightEntry Entry, SafetensorsEntry Source)>();
        foreach (WeightEntry entry in Entries())
        {
            // Some releases wrote the magnitudes as the weight of a module.
            string name = file.Entries.ContainsKey(entry.Name) || !entry.Name.EndsWith(".lora_magnitude_vector", StringComparison.Ordinal) ? entry.Name : entry.Name + ".weight";
            if (!file.Entries.TryGetValue(name, out SafetensorsEntry? source))
            {
                missing.Add(entry.Name);
                continue;
            }

            used.Add(name);
            if (source.Type.Shape != entry.FileShape || !source.Type.DType.IsFloating())
                mismatched.Add($"{name}: expected floating-point numbers {entry.FileShape}, found {source.Type}");
            else
                plan.Add((entry, source));
        }

        // Files may hold the copy of a tied tensor once for each of its names.
        foreach ((string name, WeightEntry copy) in _twins)
        {
            if (!file.Entries.TryGetValue(name, out SafetensorsEntry? source))
                continue;
            used.Add(name);
            if (source.Type.Shape != copy.FileShape || !source.Type.DType.IsFloating())
                mismatched.Add($"{name}: expected floating-point numbers {copy.FileShape}, found {source.Type}");
            else if (file.Entries.TryGetValue(copy.Name, out SafetensorsEntry? named) && !Checkpoint.IsSame((file, source), (file, named)))
                mismatched.Add($"{name}: expected the values of {copy.Name}, to which it is tied, found others");
        }

        List<string> unexpected = [.. file.Entries.Keys.Where(n => !used.Contains(n))];
        if (missing.Count + unexpected.Count + mismatched.Count > 0)
            throw new CheckpointException(folder, missing, unexpected, mismatched, Hint(file, mismatched.Count));
        foreach ((WeightEntry entry, SafetensorsEntry source) in plan)
        {
            WeightConversion.Read(file, source, entry);
            _loadedTypes[entry.Name] = source.Type.DType;
        }

        _layers.MarkFilled(_ => true);
    }

    /// <summary>What to look at where shapes differ: another rank shows in the narrow side of every A, another base model in the other one.</summary>
    private string Hint(MappedSafetensors file, int mismatched)
    {
        if (mismatched == 0)
            return " Hint: do target_modules and modules_to_save say what the file has, and does the adapter belong to this base model?";
        foreach (LoraModule module in _modules)
        {
            WeightEntry a = module.Entries(Prefix).First();
            if (file.Entries.TryGetValue(a.Name, out SafetensorsEntry? source) && source.Type.Shape is { Rank: 2 } shape && shape[1] == a.FileShape[1] && shape[0] != a.FileShape[0])
                return FormattableString.Invariant($" Hint: the file has the rank {shape[0]} where {LoraConfigFile.FileName} says {module.Target.Rank}.");
        }

        return $" Hint: the adapter belongs to a base model of other sizes than {Model.Name}.";
    }

    private SafetensorsSource Source(WeightEntry entry)
    {
        DType type = _loadedTypes.TryGetValue(entry.Name, out DType loaded) && WeightConversion.Survives(entry, loaded) ? loaded : DType.Float32;
        return new SafetensorsSource(entry.Name, new TensorType(type, entry.FileShape), () => WeightConversion.ToFile(entry, type));
    }
}
