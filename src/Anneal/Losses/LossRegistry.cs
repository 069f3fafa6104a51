namespace Anneal;

/// <summary>Makes losses from stored configurations; register your own before you load a model that was compiled with one.</summary>
public static class LossRegistry
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Func<LayerConfig, Loss>> Factories = new()
    {
        ["binary_crossentropy"] = BinaryCrossentropy.Read,
        ["binary_focal_crossentropy"] = BinaryFocalCrossentropy.Read,
        ["categorical_crossentropy"] = CategoricalCrossentropy.Read,
        ["categorical_focal_crossentropy"] = c => CategoricalFocalCrossentropy.Read(c, TargetKind.Distributions),
        ["categorical_hinge"] = _ => new CategoricalHingeLoss(),
        ["contrastive"] = ContrastiveLoss.Read,
        ["cosine_similarity"] = _ => new CosineSimilarityLoss(),
        ["ctc"] = CtcLoss.Read,
        ["hinge"] = _ => new HingeLoss(isSquared: false),
        ["huber"] = HuberLoss.Read,
        ["kl_divergence"] = KullbackLeiblerLoss.Read,
        ["log_cosh"] = _ => new LogCoshLoss(),
        ["mean_absolute_error"] = _ => new MeanAbsoluteErrorLoss(),
        ["mean_absolute_percentage_error"] = _ => new MeanAbsolutePercentageErrorLoss(),
        ["mean_squared_error"] = _ => new MeanSquaredErrorLoss(),
        ["mean_squared_logarithmic_error"] = _ => new MeanSquaredLogarithmicErrorLoss(),
        ["poisson"] = PoissonLoss.Read,
        ["smooth_l1"] = SmoothL1Loss.Read,
        ["sparse_categorical_crossentropy"] = SparseCategoricalCrossentropy.Read,
        ["sparse_categorical_focal_crossentropy"] = c => CategoricalFocalCrossentropy.Read(c, TargetKind.Labels),
        ["squared_hinge"] = _ => new HingeLoss(isSquared: true),
        ["triplet_margin"] = TripletMarginLoss.Read,
    };

    /// <summary>Makes a loss known to <see cref="Model.Load(string)"/>.</summary>
    /// <param name="name">What <see cref="Loss.Name"/> gives.</param>
    /// <param name="factory">Calls the constructor with what <see cref="Loss.WriteConfig"/> wrote.</param>
    /// <exception cref="OptionException">Another factory has this name.</exception>
    public static void Register(string name, Func<LayerConfig, Loss> factory)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(factory);
        lock (Gate)
        {
            if (!Factories.TryAdd(name, factory) && Factories[name] != factory)
                throw new OptionException($"A loss with the name {name} is registered already.");
        }
    }

    internal static LayerConfig Write(Loss loss)
    {
        var config = new LayerConfig("loss");
        loss.WriteConfig(config);
        config.Set("type", loss.Name);
        return config;
    }

    internal static Loss Read(LayerConfig config)
    {
        string name = config.GetString("type");
        Func<LayerConfig, Loss>? factory;
        lock (Gate)
            factory = Factories.GetValueOrDefault(name);
        return factory is null
            ? throw config.Fail("type", $"a known loss. Hint: call {nameof(LossRegistry)}.{nameof(Register)}(\"{name}\", ...) first", name)
            : factory(config);
    }
}
