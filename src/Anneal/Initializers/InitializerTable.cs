namespace Anneal;

/// <summary>Makes initializers from stored configurations.</summary>
internal static class InitializerTable
{
    internal static LayerConfig Write(Initializer initializer)
    {
        var config = new LayerConfig(initializer.GetType().Name);
        config.Set("type", config.Owner);
        initializer.WriteConfig(config);
        return config;
    }

    internal static Initializer Read(LayerConfig config) => config.GetString("type") switch
    {
        nameof(Constant) => new Constant(config.GetDouble("value")),
        nameof(RandomNormal) => new RandomNormal(config.GetDouble("mean"), config.GetDouble("deviation")),
        nameof(TruncatedNormal) => new TruncatedNormal(config.GetDouble("mean"), config.GetDouble("deviation")),
        nameof(RandomUniform) => new RandomUniform(config.GetDouble("low"), config.GetDouble("high")),
        nameof(VarianceScaling) => new VarianceScaling(
            config.GetDouble("scale"), config.GetEnum<FanMode>("mode"), config.GetEnum<ScalingDistribution>("distribution")),
        nameof(Orthogonal) => new Orthogonal(config.GetDouble("gain")),
        { } other => throw config.Fail("type", "a known initializer", other),
    };
}
