namespace Anneal;

/// <summary>Makes optimizers from stored configurations; register your own before you load a model that was trained with one.</summary>
public static class OptimizerRegistry
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Func<double, LayerConfig, Optimizer>> Factories = new()
    {
        [nameof(Adam)] = Adam.Read,
        [nameof(AdamW)] = AdamW.Read,
        [nameof(Sgd)] = Sgd.Read,
    };

    /// <summary>Makes a type of optimizer known to <see cref="Model.Load(string)"/>.</summary>
    /// <param name="typeName">What <see cref="Optimizer.TypeName"/> gives.</param>
    /// <param name="factory">Calls the constructor with the learning rate and what <see cref="Optimizer.WriteConfig"/> wrote.</param>
    /// <exception cref="OptionException">Another factory has this name.</exception>
    public static void Register(string typeName, Func<double, LayerConfig, Optimizer> factory)
    {
        ArgumentNullException.ThrowIfNull(typeName);
        ArgumentNullException.ThrowIfNull(factory);
        lock (Gate)
        {
            if (!Factories.TryAdd(typeName, factory) && Factories[typeName] != factory)
                throw new OptionException($"An optimizer with the name {typeName} is registered already.");
        }
    }

    internal static LayerConfig Write(Optimizer optimizer)
    {
        var config = new LayerConfig("optimizer");
        config.Set("type", optimizer.TypeName);
        config.Set("learningRate", optimizer.LearningRate);
        var options = new LayerConfig("optimizer");
        optimizer.WriteConfig(options);
        config.SetPart("config", options);
        return config;
    }

    internal static Optimizer Read(LayerConfig config)
    {
        string type = config.GetString("type");
        Func<double, LayerConfig, Optimizer>? factory;
        lock (Gate)
            factory = Factories.GetValueOrDefault(type);
        return factory is null
            ? throw config.Fail("type", $"a known optimizer. Hint: call {nameof(OptimizerRegistry)}.{nameof(Register)}(\"{type}\", ...) first", type)
            : factory(config.GetDouble("learningRate"), config.Part("config"));
    }
}
