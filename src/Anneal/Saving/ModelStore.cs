using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Saving;

/// <summary>Turns models into the files of a folder and back.</summary>
internal static class ModelStore
{
    internal const int FormatVersion = 1;
    internal const string Config = "config.json", Weights = "weights.safetensors", Training = "training.safetensors";
    private const long LongestConfig = 1L << 28;

    /// <summary>Replaces the model in a folder.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="more">Files that belong to the model, such as what turns texts into its inputs: they change together with it.</param>
    internal static void Save(Model model, string folder, IReadOnlyList<ModelFile>? more = null)
    {
        RequireOneParent(model, []);
        IReadOnlyList<NamedVariable> variables = model.NamedVariables();
        byte[] config = WriteConfig(model);
        var files = new List<ModelFile>
        {
            new(Config, stream => stream.Write(config)),
            new(Weights, stream => Safetensors.Write(stream, Weights, variables.Select(v => (v.Name, v.Variable.Storage)))),
        };
        if (model.Setup is { } setup)
            files.Add(new(Training, stream => Safetensors.Write(stream, Training, TrainingTensors(model, setup))));
        ModelFolder.Save(folder, [.. files, .. more ?? []]);
    }

    /// <summary>A folder says where each layer is, once: one that is inside of two others could be saved, but not loaded as one layer.</summary>
    private static void RequireOneParent(Layer parent, HashSet<Layer> seen)
    {
        foreach (Layer child in parent.Layers)
        {
            if (!seen.Add(child))
            {
                throw new ModelException(
                    $"The layer {child.Name} is inside of two layers, one of them {parent.Name}, which a saved model cannot say. Hint: share it within one model.");
            }

            RequireOneParent(child, seen);
        }
    }

    internal static Model Load(string folder)
    {
        using ModelFolder files = ModelFolder.Open(folder);
        return Load(files, folder);
    }

    internal static Model Load(ModelFolder files, string folder)
    {
        (Model model, TrainingSetup? training) = ReadModel(files[Config], Path.Combine(folder, Config));
        CopyWeights(model, files, folder);
        if (training is not null)
            RestoreTraining(model, training, files, folder);
        return model;
    }

    /// <summary>What a configuration says, without weights and without what training remembers.</summary>
    internal static (Model Model, TrainingSetup? Training) ReadModel(Stream config, string path)
    {
        LayerConfig root = ReadConfig(config, path);
        Model model = MakeModel(root, path);
        TrainingSetup? training = root.Contains("training") ? ReadTraining(model, root.Part("training")) : null;
        root.RequireAllRead();
        return (model, training);
    }

    internal static void LoadWeights(Model model, string folder)
    {
        using ModelFolder files = ModelFolder.Open(folder);
        CopyWeights(model, files, folder);
    }

    private static byte[] WriteConfig(Model model)
    {
        var root = new LayerConfig("the model");
        root.Set("formatVersion", FormatVersion);
        root.Set("seed", model.Seed);
        root.SetPart("model", LayerRegistry.Write(model));
        root.SetParts("inputs", model.InputTypes!.Select(t =>
        {
            var type = new LayerConfig("inputs");
            type.Set("dtype", t.DType);
            type.Set("shape", t.Shape.Extents);
            return type;
        }));
        string[] frozen = [.. model.NamedVariables().Where(v => v.Variable is Parameter { Trainable: false }).Select(v => v.Name)];
        if (frozen.Length > 0)
            root.Values["frozen"] = new JsonArray([.. frozen.Select(f => (JsonNode)JsonValue.Create(f))]);

        // The configuration of a layer that makes others inside of itself does not speak of them.
        string[] frozenLayers = [.. LayersInside(model, "").Where(l => !l.Layer.Trainable).Select(l => l.Path)];
        if (frozenLayers.Length > 0)
            root.Values["frozenLayers"] = new JsonArray([.. frozenLayers.Select(f => (JsonNode)JsonValue.Create(f))]);
        if (model.Setup is { } setup)
            root.SetPart("training", WriteTraining(model, setup));
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            root.Values.WriteTo(json);
        return buffer.ToArray();
    }

    private static LayerConfig WriteTraining(Model model, TrainingSetup setup)
    {
        var training = new LayerConfig("training");
        training.SetPart("optimizer", OptimizerRegistry.Write(setup.Optimizer, ParameterNames(model)));
        training.SetParts("outputs", setup.Losses.Select((loss, i) =>
        {
            var output = new LayerConfig("training");
            output.SetPart("loss", LossRegistry.Write(loss));
            output.Set("lossWeight", setup.LossWeights[i]);
            output.SetParts("metrics", setup.Metrics[i].Select(MetricRegistry.Write));
            return output;
        }));
        if (setup.LossScaler is { } scaler)
            training.SetPart("lossScaling", WriteScaling(scaler.Options));
        return training;
    }

    private static LayerConfig WriteScaling(LossScaling scaling)
    {
        var config = new LayerConfig("lossScaling");
        config.Set("initialScale", scaling.InitialScale);
        config.Set("growthFactor", scaling.GrowthFactor);
        config.Set("backoffFactor", scaling.BackoffFactor);
        config.Set("growthInterval", scaling.GrowthInterval);
        config.Set("maximumSkipped", scaling.MaximumSkipped);
        return config;
    }

    private static LossScaling ReadScaling(LayerConfig config)
    {
        var scaling = new LossScaling
        {
            InitialScale = config.GetDouble("initialScale"),
            GrowthFactor = config.GetDouble("growthFactor"),
            BackoffFactor = config.GetDouble("backoffFactor"),
            GrowthInterval = config.GetInt32("growthInterval"),
            MaximumSkipped = config.GetInt32("maximumSkipped"),
        };
        scaling.Check();
        return scaling;
    }

    private static string[] ParameterNames(Model model) => [.. model.NamedVariables().Where(v => v.Variable is Parameter).Select(v => v.Name)];

    internal static LayerConfig ReadConfig(Stream stream, string path)
    {
        if (stream.Length > LongestConfig)
            throw new ModelFileException(path, "the file", $"at most {LongestConfig} bytes", $"{stream.Length} bytes");
        var utf8 = new byte[(int)stream.Length];
        stream.ReadExactly(utf8);
        var root = new LayerConfig("the model", JsonTree.ParseObject(utf8, path), path);
        long version = root.GetInt64("formatVersion");
        if (version is < 1 or > FormatVersion)
            throw root.Fail("formatVersion", $"a version from 1 to {FormatVersion}; a later release of Anneal wrote this model", $"{version}");
        return root;
    }

    private static Model MakeModel(LayerConfig root, string path)
    {
        Layer layer;
        TensorType[] inputs;
        try
        {
            layer = LayerRegistry.Read(root.Part("model"));
            inputs = [.. root.Parts("inputs").Select(t => new TensorType(t.GetEnum<DType>("dtype"), new Shape(t.GetInt64Array("shape"))))];
            if (layer is Model model)
            {
                model.RestoreSeed(root.GetInt64("seed"));
                model.EnsureBuilt(inputs, namesOnly: true);
                Freeze(model, root);
                return model;
            }
        }
        catch (AnnealException e) when (e is OptionException or ShapeException or DTypeException or ModelException)
        {
            // What a constructor or a layer rejects here is a mistake of the file.
            throw new ModelFileException(path, "the model", "a configuration that layers accept", e.Message, e);
        }

        throw root.Fail("model", "a model", layer.TypeName);
    }

    private static IEnumerable<(string Path, Layer Layer)> LayersInside(Layer layer, string prefix) =>
        layer.Layers.SelectMany(child => LayersInside(child, prefix + child.Name + "/").Prepend((prefix + child.Name, child)));

    private static void Freeze(Model model, LayerConfig root)
    {
        FreezeLayers(model, root);
        if (!root.Contains("frozen"))
            return;
        Dictionary<string, Variable> variables = model.NamedVariables().ToDictionary(v => v.Name, v => v.Variable);
        foreach (string name in root.GetStrings("frozen"))
        {
            if (variables.GetValueOrDefault(name) is not Parameter parameter)
                throw root.Fail("frozen", "names of parameters", name);
            parameter.Trainable = false;
        }
    }

    private static void FreezeLayers(Model model, LayerConfig root)
    {
        if (!root.Contains("frozenLayers"))
            return;
        Dictionary<string, Layer> layers = LayersInside(model, "").ToDictionary(l => l.Path, l => l.Layer);
        foreach (string path in root.GetStrings("frozenLayers"))
        {
            Layer layer = layers.GetValueOrDefault(path) ?? throw root.Fail("frozenLayers", "paths of layers", path);
            layer.Trainable = false;
        }
    }

    private static void CopyWeights(Model model, ModelFolder files, string folder)
    {
        string path = Path.Combine(folder, Weights);
        OrderedDictionary<string, TensorData> tensors = Safetensors.Read(files[Weights], path).Tensors;
        IReadOnlyList<NamedVariable> variables = model.NamedVariables();
        RequireExactly(path, tensors, [.. variables.Select(v => (v.Name, v.Variable.Type))]);
        foreach (NamedVariable variable in variables)
        {
            variable.Variable.Value = tensors[variable.Name];
            variable.Declaration.MarkInitialized();
        }
    }

    /// <summary>What training remembers, by name.</summary>
    private static IEnumerable<(string Name, TensorData Data)> TrainingTensors(Model model, TrainingSetup setup)
    {
        yield return (TrainingSetup.EpochName, TensorData.Scalar((long)setup.Epochs));
        yield return (TrainingSetup.StepName, TensorData.Scalar(setup.OptimizerState.Step));
        yield return (TrainingSetup.RandomStateName, setup.RandomState.Storage);
        if (setup.LossScaler is { } scaler)
            yield return (TrainingSetup.LossScaleName, scaler.State);
        foreach (State slot in SlotsOf(model, setup))
            yield return (slot.Name, slot.Storage);
    }

    /// <summary>
    /// The slots of every parameter, frozen ones too, so that one which is trained again later goes on where it stopped; made at 0 where
    /// there has been no step yet.
    /// </summary>
    private static IEnumerable<State> SlotsOf(Model model, TrainingSetup setup) => model.NamedVariables()
        .Where(v => v.Variable is Parameter)
        .SelectMany(v => setup.OptimizerState.Slots((Parameter)v.Variable, v.Name));

    private static void RestoreTraining(Model model, TrainingSetup setup, ModelFolder files, string folder)
    {
        string path = Path.Combine(folder, Training);
        OrderedDictionary<string, TensorData> tensors = Safetensors.Read(files[Training], path).Tensors;

        // Earlier releases stored the scale without its options.
        if (setup.LossScaler is null && tensors.ContainsKey(TrainingSetup.LossScaleName))
            setup.LossScaler = new LossScaler(new LossScaling());
        RequireExactly(path, tensors, [.. TrainingTensors(model, setup).Select(t => (t.Name, t.Data.Type))]);
        long epochs = tensors[TrainingSetup.EpochName].Item<long>(), step = tensors[TrainingSetup.StepName].Item<long>();
        if (epochs is < 0 or > int.MaxValue)
            throw new ModelFileException(path, $"tensor '{TrainingSetup.EpochName}'", "a number of epochs", $"{epochs}");
        if (step < 0)
            throw new ModelFileException(path, $"tensor '{TrainingSetup.StepName}'", "a number of steps", $"{step}");
        setup.Epochs = (int)epochs;
        setup.OptimizerState.Step = step;
        setup.RandomState.Value = tensors[TrainingSetup.RandomStateName];
        if (setup.LossScaler is { } scaler)
            scaler.State = tensors[TrainingSetup.LossScaleName];
        foreach (State slot in SlotsOf(model, setup))
            slot.Value = tensors[slot.Name];
        model.RestoreSetup(setup);
    }

    private static TrainingSetup ReadTraining(Model model, LayerConfig config)
    {
        try
        {
            Optimizer optimizer = OptimizerRegistry.Read(config.Part("optimizer"));
            LayerConfig[] outputs = config.Parts("outputs");
            if (outputs.Length == 0)
                throw config.Fail("outputs", "at least one", "none");
            var setup = new TrainingSetup(
                model, optimizer,
                Array.ConvertAll(outputs, o => LossRegistry.Read(o.Part("loss"))),
                Array.ConvertAll(outputs, o => Array.ConvertAll(o.Parts("metrics"), MetricRegistry.Read)),
                Array.ConvertAll(outputs, o => o.GetDouble("lossWeight")));
            if (config.Contains("lossScaling"))
                setup.LossScaler = new LossScaler(ReadScaling(config.Part("lossScaling")));
            return setup;
        }
        catch (OptionException e)
        {
            throw new ModelFileException(config.File, config.Owner, "options that the optimizer, losses, metrics and the scaling of the loss accept", e.Message, e);
        }
    }

    /// <summary>Checks names and types before anything is copied.</summary>
    private static void RequireExactly(string path, OrderedDictionary<string, TensorData> found, (string Name, TensorType Type)[] expected)
    {
        foreach ((string name, TensorType type) in expected)
        {
            if (!found.TryGetValue(name, out TensorData? data))
                throw new ModelFileException(path, $"tensor {ModelFileException.Quote(name)}", type.ToString(), "no such tensor");
            if (data.Type != type)
                throw new ModelFileException(path, $"tensor {ModelFileException.Quote(name)}", type.ToString(), data.Type.ToString());
        }

        HashSet<string> known = [.. expected.Select(e => e.Name)];
        foreach ((string name, TensorData data) in found)
        {
            if (!known.Contains(name))
                throw new ModelFileException(path, $"tensor {ModelFileException.Quote(name)}", "only tensors of the model", data.Type.ToString());
        }
    }
}
