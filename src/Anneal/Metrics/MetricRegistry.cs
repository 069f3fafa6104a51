namespace Anneal;

/// <summary>Makes metrics from stored configurations; register your own before you load a model that was compiled with one.</summary>
public static class MetricRegistry
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Func<LayerConfig, Metric>> Factories = new()
    {
        ["accuracy"] = _ => new LossAccuracy(),
        ["binary_accuracy"] = c => new BinaryAccuracy(c.GetDouble("threshold")),
        ["categorical_accuracy"] = _ => new CategoricalAccuracy(),
        ["sparse_categorical_accuracy"] = _ => new SparseCategoricalAccuracy(),
        [nameof(Accuracy)] = Accuracy.Read,
        [nameof(AveragePrecision)] = AveragePrecision.Read,
        [nameof(BalancedAccuracy)] = BalancedAccuracy.Read,
        [nameof(BrierScore)] = BrierScore.Read,
        [nameof(CohenKappa)] = CohenKappa.Read,
        [nameof(CosineSimilarity)] = _ => new CosineSimilarity(),
        [nameof(F1Score)] = F1Score.Read,
        [nameof(FBetaScore)] = FBetaScore.Read,
        [nameof(LogLoss)] = LogLoss.Read,
        [nameof(MatthewsCorrelation)] = MatthewsCorrelation.Read,
        [nameof(MeanAbsoluteError)] = _ => new MeanAbsoluteError(),
        [nameof(MeanAbsolutePercentageError)] = _ => new MeanAbsolutePercentageError(),
        [nameof(MeanIntersectionOverUnion)] = MeanIntersectionOverUnion.Read,
        [nameof(MeanSquaredError)] = _ => new MeanSquaredError(),
        [nameof(Perplexity)] = Perplexity.Read,
        [nameof(Precision)] = Precision.Read,
        [nameof(R2Score)] = _ => new R2Score(),
        [nameof(Recall)] = Recall.Read,
        [nameof(RocAuc)] = RocAuc.Read,
        [nameof(RootMeanSquaredError)] = _ => new RootMeanSquaredError(),
        [nameof(TopKAccuracy)] = TopKAccuracy.Read,
    };

    /// <summary>Makes a type of metric known to <see cref="Model.Load(string)"/>.</summary>
    /// <param name="typeName">What <see cref="Metric.TypeName"/> gives: the name of the class, unless it is overridden.</param>
    /// <param name="factory">Calls the constructor with what <see cref="Metric.WriteConfig"/> wrote; the name is restored besides.</param>
    /// <exception cref="OptionException">Another factory has this name.</exception>
    public static void Register(string typeName, Func<LayerConfig, Metric> factory)
    {
        ArgumentNullException.ThrowIfNull(typeName);
        ArgumentNullException.ThrowIfNull(factory);
        lock (Gate)
        {
            if (!Factories.TryAdd(typeName, factory) && Factories[typeName] != factory)
                throw new OptionException($"A metric with the name {typeName} is registered already.");
        }
    }

    internal static LayerConfig Write(Metric metric)
    {
        var config = new LayerConfig("metric");
        metric.WriteConfig(config);
        config.Set("type", metric.TypeName);
        config.Set("name", metric.Name);
        return config;
    }

    internal static Metric Read(LayerConfig config)
    {
        string type = config.GetString("type");
        Func<LayerConfig, Metric>? factory;
        lock (Gate)
            factory = Factories.GetValueOrDefault(type);
        if (factory is null)
            throw config.Fail("type", $"a known metric. Hint: call {nameof(MetricRegistry)}.{nameof(Register)}(\"{type}\", ...) first", type);
        Metric metric = factory(config);

        // Models that were saved before metrics had names of their own do not have it.
        if (config.Contains("name") && config.GetString("name") is var name && name != metric.Name)
            metric.Rename(name);
        return metric;
    }
}
