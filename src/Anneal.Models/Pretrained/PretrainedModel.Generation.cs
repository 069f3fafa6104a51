using System.Text;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models;

/// <content>How the publisher generates.</content>
public abstract partial class PretrainedModel
{
    private ConfigFields? _generationFields;
    private GenerationOptions? _generation;

    /// <summary>Whether the model makes texts, so that there are options of generation.</summary>
    private protected virtual bool Generates => false;

    /// <summary>The options of the model's folder, or what its configuration says. A file is read at once, its fields when they are asked for.</summary>
    private protected GenerationOptions PublishedOptions
    {
        get => _generation ??= _generationFields is not null
            ? GenerationOptions.Read(_generationFields)
            : GenerationOptions.Read(ConfigFields.Parse(Encoding.UTF8.GetBytes(PretrainedConfig.Text(Config.ToJson())), ConfigFile)) with { Source = null };
        set => _generation = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>What was read or set, for Anneal's own form; null where the configuration alone speaks.</summary>
    internal JsonObject? StoredGeneration
    {
        get => _generation?.ToJson() ?? (JsonObject?)_generationFields?.Values.DeepClone();
        set => _generationFields = value is null ? null : ConfigFields.Parse(Encoding.UTF8.GetBytes(PretrainedConfig.Text(value)), GenerationOptions.FileName);
    }

    private void ReadGenerationFile(string folder)
    {
        string path = System.IO.Path.Combine(folder, GenerationOptions.FileName);
        if (Generates && File.Exists(path))
            _generationFields = ConfigFields.ReadFile(path);
    }

    private void WriteGenerationFile(string folder)
    {
        if (!Generates)
            return;

        // Fields that nobody asked for are written as they were read, whether they are supported or not.
        if (_generation is not null || _generationFields is null)
        {
            PublishedOptions.Save(folder);
            return;
        }

        byte[] bytes = GenerationOptions.JsonBytes(_generationFields.Values);
        WholeFile.Replace(System.IO.Path.Combine(folder, GenerationOptions.FileName), stream => stream.Write(bytes));
    }
}
