namespace Anneal;

/// <summary>Makes optimizers from stored configurations; register your own before you load a model that was trained with one.</summary>
public static class OptimizerRegistry
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Func<LearningRateSchedule, LayerConfig, Optimizer>> Factories = new()
    {
        [nameof(Adadelta)] = Adadelta.Read,
        [nameof(Adagrad)] = Adagrad.Read,
        [nameof(Adam)] = Adam.Read,
        [nameof(AdamW)] = AdamW.Read,
        [nameof(Adamax)] = Adamax.Read,
        [nameof(Lamb)] = Lamb.Read,
        [nameof(Lion)] = Lion.Read,
        [nameof(Nadam)] = Nadam.Read,
        [nameof(RAdam)] = RAdam.Read,
        [nameof(RmsProp)] = RmsProp.Read,
        [nameof(Sgd)] = Sgd.Read,
    };

    /// <summary>Makes a type of optimizer known to <see cref="Model.Load(string)"/>.</summary>
    /// <param name="typeName">What <see cref="Optimizer.TypeName"/> gives.</param>
    /// <param name="factory">Calls the constructor with the learning rate and what <see cref="Optimizer.WriteConfig"/> wrote.</param>
    /// <exception cref="OptionException">Another factory has this name.</exception>
    public static void Register(string typeName, Func<LearningRateSchedule, LayerConfig, Optimizer> factory)
    {
        ArgumentNullException.ThrowIfNull(typeName);
        ArgumentNullException.ThrowIfNull(factory);
        lock (Gate)
        {
            if (!Factories.TryAdd(typeName, factory) && Factories[typeName] != factory)
                throw new OptionException($"An optimizer with the name {typeName} is registered already.");
        }
    }

    /// <summary>Stores an optimizer.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="names">The names of the model's parameters, for groups that a function chooses.</param>
    internal static LayerConfig Write(Optimizer optimizer, IReadOnlyList<string> names)
    {
        var config = new LayerConfig("optimizer");
        config.Set("type", optimizer.TypeName);
        if (optimizer.Schedule is ConstantSchedule constant)
            config.Set("learningRate", constant.LearningRate);
        else
            config.SetPart("schedule", ScheduleRegistry.Write(optimizer.Schedule));
        optimizer.WriteOptions(config, names);
        var options = new LayerConfig("optimizer");
        optimizer.WriteConfig(options);
        config.SetPart("config", options);
        return config;
    }

    internal static Optimizer Read(LayerConfig config)
    {
        string type = config.GetString("type");
        Func<LearningRateSchedule, LayerConfig, Optimizer>? factory;
        lock (Gate)
            factory = Factories.GetValueOrDefault(type);
        if (factory is null)
            throw config.Fail("type", $"a known optimizer. Hint: call {nameof(OptimizerRegistry)}.{nameof(Register)}(\"{type}\", ...) first", type);
        LearningRateSchedule schedule = config.Contains("schedule") ? ScheduleRegistry.Read(config.Part("schedule")) : config.GetDouble("learningRate");
        Optimizer optimizer = factory(schedule, config.Part("config"));
        optimizer.ReadOptions(config);
        return optimizer;
    }
}
