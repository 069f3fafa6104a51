using Anneal.Saving;

namespace Anneal.Models;

/// <content>Loading.</content>
public abstract partial class PretrainedModel
{
    internal const string ConfigFile = "config.json";

    /// <summary>
    /// Loads a model from a folder as transformers saves it: <c>config.json</c>, whose <c>architectures</c> says which model it is, with
    /// <c>model.safetensors</c> or shards and their index. Files are mapped, so that a tensor is read from disk when it is converted. Weights of
    /// bfloat16 and float16 become float32. A folder that <see cref="Model.Save"/> wrote is loaded as well.
    /// </summary>
    /// <param name="folder">Where the model is.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="UnknownArchitectureException">Anneal does not have the architecture; the error lists those that it has.</exception>
    /// <exception cref="ModelConfigException">A field of the configuration is wrong, contradicts another one, or is not supported.</exception>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape.</exception>
    /// <exception cref="ModelFileException">A file is missing or damaged.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static PretrainedModel Load(string folder, PretrainedLoadOptions? options = null) => Load<PretrainedModel>(folder, options);

    private protected static TModel Load<TModel>(string folder, PretrainedLoadOptions? options) where TModel : PretrainedModel
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new PretrainedLoadOptions();
        if (options.Labels is not null && !options.NewHead)
            throw new OptionException($"{nameof(options.Labels)} are those of a new head. Hint: set {nameof(options.NewHead)}.");
        if (options.Seed < 0)
            throw new OptionException($"{nameof(options.Seed)} must be at least 0, but is {options.Seed}.");
        if (File.Exists(System.IO.Path.Combine(folder, ModelFileNames.Manifest)))
            return LoadOwn<TModel>(folder, options);
        string path = System.IO.Path.Combine(folder, ConfigFile);
        ConfigFields fields = ConfigFields.ReadFile(path);
        Architecture architecture = typeof(TModel) == typeof(PretrainedModel) ? Architecture.Of(fields) : Architecture.Of(fields, typeof(TModel));
        PretrainedConfig config = architecture.Read(fields);
        if (options.Labels is not null)
            config = architecture.Relabel(config, options.Labels);
        if (options.RotaryFrequencyType is { } type)
            config = config is DecoderConfig decoder ? decoder with { Rope = decoder.Rope with { FrequencyType = type } } : throw new OptionException($"{architecture.Name} has no rotary positions.");
        config.Check(path);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        if (config.Depth > checkpoint.Names.Count)
        {
            throw new ModelConfigException(
                path, "the number of layers", FormattableString.Invariant($"no more than the {checkpoint.Names.Count} tensors of the checkpoint"), FormattableString.Invariant($"{config.Depth}"));
        }

        PretrainedModel model = architecture.Make(config.FitTo(checkpoint));
        if (options.NewHead && model.BodyPrefix is null)
            throw new OptionException($"{architecture.Name} has no head that could be made anew. Hint: leave {nameof(options.NewHead)} out.");
        model.RestoreSeed(options.Seed);
        model.ReadGenerationFile(folder);
        model.ReadWeights(checkpoint, options);
        return (TModel)model;
    }

    private static TModel LoadOwn<TModel>(string folder, PretrainedLoadOptions options) where TModel : PretrainedModel
    {
        if (options != new PretrainedLoadOptions())
            throw new OptionException($"{folder} holds a model as Anneal saves it, which is loaded as it is. Hint: leave the options out.");
        return Model.Load<TModel>(folder);
    }

    private void ReadWeights(Checkpoint checkpoint, PretrainedLoadOptions options)
    {
        LoadingPlan? plan = null;
        FillWeights(table =>
        {
            plan = new LoadingPlan(table, checkpoint, BodyPrefix, options.NewHead);
            plan.RequireFits();
            return [.. plan.Tensors.Select(t => (t.Entry, (Action)(() => WeightConversion.Read(t.File, t.Source, t.Entry))))];
        });
        foreach ((WeightEntry entry, _, SafetensorsEntry source) in plan!.Tensors)
            _loadedTypes[entry.Name] = source.Type.DType;
        plan.RequireEqualTwins();
    }

    /// <summary>Fills a model that has no values yet; what is not filled gets its first values.</summary>
    /// <param name="plan">Compares the table of the tensors with a file, and says what fills each of those that the file has.</param>
    internal void FillWeights(Func<WeightTable, IReadOnlyList<(WeightEntry Entry, Action Fill)>> plan)
    {
        // Variables take memory when they are filled, which is after all shapes were compared with the files.
        EnsureBuilt([.. InputsToBuild], namesOnly: true);
        var table = new WeightTable();
        MapWeights(table);
        IReadOnlyList<(WeightEntry Entry, Action Fill)> planned = plan(table);
        Dictionary<Variable, NamedVariable> declared = NamedVariables().ToDictionary(v => v.Variable);
        foreach ((WeightEntry entry, Action fill) in planned)
        {
            fill();
            declared[entry.Variable].Declaration.MarkInitialized();
        }

        InitializeVariables();
    }
}
