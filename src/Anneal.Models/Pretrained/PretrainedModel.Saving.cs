using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models;

/// <content>Saving for other software.</content>
public abstract partial class PretrainedModel
{
    /// <summary>
    /// Saves the model as transformers does: <c>config.json</c>, and <c>model.safetensors</c> or shards with their index; for a model that makes texts
    /// <c>generation_config.json</c> as well. All is written to <c>FOLDER.part</c> first and then takes the place of what an earlier save of this kind left
    /// in the folder; a save that fails leaves that as it was.
    /// </summary>
    /// <param name="folder">Where to; made where there is none.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ModelFileException">
    /// The folder holds a model as Anneal saves it, whose files have the same names; or files cannot take their places, and the message says whether the
    /// folder is as it was.
    /// </exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="AdapterException">An adapter is on the model, which these files would not have.</exception>
    public void SavePretrained(string folder, PretrainedSaveOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireNoAdapters(nameof(SavePretrained));
        Stage(folder, staging =>
        {
            WritePretrained(staging, options ?? new PretrainedSaveOptions(), e => e);
            return true;
        });
    }

    /// <summary>
    /// As <see cref="SavePretrained(string, PretrainedSaveOptions?)"/>, but what was written, to <c>FOLDER.part</c>, is loaded again and compared with the
    /// model before it takes its place, and the certificate <c>parity.json</c> is put beside it.
    /// </summary>
    /// <param name="folder">Where to; made where there is none.</param>
    /// <param name="samples">What both are given; gone through once.</param>
    /// <param name="options">How; null for the defaults, which allow the rounding of float32 alone.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="ParityException">What the files hold lies further from the model than the tolerance allows; the folder is as it was.</exception>
    /// <exception cref="AnnealException">As for the other form; or there is nothing to compare.</exception>
    public ParityCertificate SavePretrained(string folder, IEnumerable<ParitySample> samples, CheckedSaveOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(samples);
        RequireNoAdapters(nameof(SavePretrained));
        return WriteChecked(folder, samples, options ?? new CheckedSaveOptions(), e => e, $"Saving {Name}");
    }

    /// <summary>Writes files beside their place, compares what they hold with this model, and puts them there.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="samples">What both are given.</param>
    /// <param name="options">How.</param>
    /// <param name="choose">As for <see cref="WritePretrained"/>.</param>
    /// <param name="what">What is being done, for messages.</param>
    internal ParityCertificate WriteChecked(string folder, IEnumerable<ParitySample> samples, CheckedSaveOptions options, Func<WeightEntry, WeightEntry> choose, string what)
    {
        options.Tolerance.Check();
        return Stage(folder, staging =>
        {
            WritePretrained(staging, options.Files, choose);
            DType? frequencies = Config is DecoderConfig { Rope.FrequencyType: not DType.Float32 and var type } ? type : null;
            PretrainedModel saved = Load(staging, new PretrainedLoadOptions { RotaryFrequencyType = frequencies });
            ParityCertificate certificate = Parity.Check(this, saved, samples, options.Tolerance);
            if (!certificate.Passed && !options.AllowsOutsideTolerance)
                throw new ParityException(what, certificate);
            certificate.Write(System.IO.Path.Combine(staging, ParityCertificate.FileName));
            return certificate;
        });
    }

    /// <summary>Writes files beside their place, and puts them there when all are whole.</summary>
    private static T Stage<T>(string folder, Func<string, T> write)
    {
        if (File.Exists(System.IO.Path.Combine(folder, ModelFileNames.Manifest)))
            throw new ModelFileException(folder, "the folder", "a folder for this form alone", $"a model as {nameof(Save)} writes it");
        string staging = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)) + FileSwitch.Part;
        if (Directory.Exists(staging))
            Directory.Delete(staging, recursive: true);
        try
        {
            T result = write(staging);
            Publish(staging, folder);
            return result;
        }
        finally
        {
            if (Directory.Exists(staging))
                Directory.Delete(staging, recursive: true);
        }
    }

    /// <summary>Writes the files of <see cref="SavePretrained(string, PretrainedSaveOptions?)"/>.</summary>
    /// <param name="folder">Where to, empty; made where there is none.</param>
    /// <param name="options">How.</param>
    /// <param name="choose">What is written in the place of an entry: it, or another variable under its name.</param>
    private void WritePretrained(string folder, PretrainedSaveOptions options, Func<WeightEntry, WeightEntry> choose)
    {
        if (options.DType is { } wanted && !(wanted is DType.Float32 or DType.BFloat16 or DType.Float16))
            throw new OptionException($"{nameof(options.DType)} must be Float32, BFloat16 or Float16, but is {wanted}.");
        if (options.MaximumShardBytes < 1)
            throw new OptionException(FormattableString.Invariant($"{nameof(options.MaximumShardBytes)} must be at least 1, but is {options.MaximumShardBytes}."));
        Directory.CreateDirectory(folder);
        SafetensorsSource[] tensors = [.. Weights().Entries.Select(e => Source(choose(e), options.DType))];
        CheckpointWriter.Write(folder, tensors, options.MaximumShardBytes);
        WriteGenerationFile(folder);
        byte[] config = WriteConfigFile(tensors);
        WholeFile.Replace(System.IO.Path.Combine(folder, ConfigFile), stream => stream.Write(config));
    }

    /// <summary>Moves files to their places, the configuration last.</summary>
    private static void Publish(string staging, string folder)
    {
        Directory.CreateDirectory(folder);
        string[] names = [.. Directory.GetFiles(staging).Select(f => System.IO.Path.GetFileName(f)).OrderBy(n => n == ConfigFile).ThenBy(n => n, StringComparer.Ordinal)];

        // The certificate of an earlier save would speak of weights that are gone.
        FileSwitch.Run(folder, names, n => n == ParityCertificate.FileName || CheckpointWriter.IsOfCheckpoint(n), staging);
    }

    internal void RequireNoAdapters(string what)
    {
        if (_adapters.Count > 0)
        {
            throw new AdapterException(
                $"The model {Name} has the adapter {_adapters[0].Name}, which {what} would leave out. Hint: {nameof(LoraAdapter.SaveMerged)} of the adapter writes both as one, "
                + $"its {nameof(LoraAdapter.Save)} the adapter; {nameof(LoraAdapter.Detach)} or {nameof(LoraAdapter.Merge)} it to save the model.");
        }
    }

    private SafetensorsSource Source(WeightEntry entry, DType? wanted)
    {
        DType type = entry.Layout == WeightLayout.Count ? DType.Int64
            : wanted ?? (_loadedTypes.TryGetValue(entry.Name, out DType loaded) && loaded.IsFloating() && WeightConversion.Survives(entry, loaded) ? loaded : DType.Float32);
        return new SafetensorsSource(entry.Name, new TensorType(type, entry.FileShape), () => WeightConversion.ToFile(entry, type));
    }

    private byte[] WriteConfigFile(SafetensorsSource[] tensors)
    {
        JsonObject config = Config.ToJson();
        config["architectures"] = new JsonArray(TypeName);

        // The type of most bytes; float32 where any tensor needs it.
        DType[] types = [.. tensors.Where(t => t.Type.DType.IsFloating()).Select(t => t.Type.DType).Distinct()];
        config[config.ContainsKey("torch_dtype") ? "torch_dtype" : "dtype"] = types.Length == 1 ? types[0].Name() : DType.Float32.Name();
        return GenerationOptions.JsonBytes(config);
    }
}
