namespace Anneal;

/// <summary>Makes schedules from stored configurations; register your own before you load a model that was trained with one.</summary>
public static class ScheduleRegistry
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Func<LayerConfig, LearningRateSchedule>> Factories = new()
    {
        [nameof(ConstantSchedule)] = ConstantSchedule.Read,
        [nameof(CosineRestartsSchedule)] = CosineRestartsSchedule.Read,
        [nameof(CosineSchedule)] = CosineSchedule.Read,
        [nameof(EpochSchedule)] = EpochSchedule.Read,
        [nameof(ExponentialSchedule)] = ExponentialSchedule.Read,
        [nameof(OneCycleSchedule)] = OneCycleSchedule.Read,
        [nameof(PiecewiseSchedule)] = PiecewiseSchedule.Read,
        [nameof(PolynomialSchedule)] = PolynomialSchedule.Read,
        [nameof(StepSchedule)] = StepSchedule.Read,
        [nameof(WarmUpSchedule)] = WarmUpSchedule.Read,
    };

    /// <summary>Makes a type of schedule known to <see cref="Model.Load(string)"/>.</summary>
    /// <param name="typeName">What <see cref="LearningRateSchedule.TypeName"/> gives.</param>
    /// <param name="factory">Calls the constructor with what <see cref="LearningRateSchedule.WriteConfig"/> wrote.</param>
    /// <exception cref="OptionException">Another factory has this name.</exception>
    public static void Register(string typeName, Func<LayerConfig, LearningRateSchedule> factory)
    {
        ArgumentNullException.ThrowIfNull(typeName);
        ArgumentNullException.ThrowIfNull(factory);
        lock (Gate)
        {
            if (!Factories.TryAdd(typeName, factory) && Factories[typeName] != factory)
                throw new OptionException($"A schedule with the name {typeName} is registered already.");
        }
    }

    internal static LayerConfig Write(LearningRateSchedule schedule)
    {
        var config = new LayerConfig("schedule");
        config.Set("type", schedule.TypeName);
        var options = new LayerConfig("schedule");
        schedule.WriteConfig(options);
        config.SetPart("config", options);
        return config;
    }

    internal static LearningRateSchedule Read(LayerConfig config)
    {
        string type = config.GetString("type");
        Func<LayerConfig, LearningRateSchedule>? factory;
        lock (Gate)
            factory = Factories.GetValueOrDefault(type);
        return factory is null
            ? throw config.Fail("type", $"a known schedule. Hint: call {nameof(ScheduleRegistry)}.{nameof(Register)}(\"{type}\", ...) first", type)
            : factory(config.Part("config"));
    }
}
