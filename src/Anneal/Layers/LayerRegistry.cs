namespace Anneal;

/// <summary>Makes layers from stored configurations. The built-in ones are known; register your own before you load a model that has them.</summary>
public static class LayerRegistry
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Func<LayerConfig, Layer>> Factories = new()
    {
        [nameof(ActivationLayer)] = ActivationLayer.Read,
        [nameof(Add)] = _ => new Add(),
        [nameof(AlphaDropout)] = AlphaDropout.Read,
        [nameof(AveragePool2D)] = AveragePool2D.Read,
        [nameof(BatchNormalization)] = BatchNormalization.Read,
        [nameof(Concatenate)] = Concatenate.Read,
        [nameof(Conv2D)] = Conv2D.Read,
        [nameof(Dense)] = Dense.Read,
        [nameof(Dropout)] = Dropout.Read,
        [nameof(Embedding)] = Embedding.Read,
        [nameof(Flatten)] = _ => new Flatten(),
        [nameof(GaussianDropout)] = GaussianDropout.Read,
        [nameof(GaussianNoise)] = GaussianNoise.Read,
        [nameof(GroupNormalization)] = GroupNormalization.Read,
        [nameof(Input)] = Input.Read,
        [nameof(InstanceNormalization)] = InstanceNormalization.Read,
        [nameof(LayerNormalization)] = LayerNormalization.Read,
        [nameof(MaxPool2D)] = MaxPool2D.Read,
        [nameof(MixUp)] = MixUp.Read,
        [nameof(Model)] = Model.Read,
        [nameof(RandomBrightness)] = RandomBrightness.Read,
        [nameof(RandomContrast)] = RandomContrast.Read,
        [nameof(RandomCrop)] = RandomCrop.Read,
        [nameof(RandomErasing)] = RandomErasing.Read,
        [nameof(RandomFlip)] = RandomFlip.Read,
        [nameof(RandomRotation)] = RandomRotation.Read,
        [nameof(RandomTranslation)] = RandomTranslation.Read,
        [nameof(RandomZoom)] = RandomZoom.Read,
        [nameof(Reshape)] = Reshape.Read,
        [nameof(RmsNormalization)] = RmsNormalization.Read,
        [nameof(Sequential)] = Sequential.Read,
        [nameof(SpatialDropout1D)] = SpatialDropout1D.Read,
        [nameof(SpatialDropout2D)] = SpatialDropout2D.Read,
    };

    /// <summary>Makes a type of layer or model known to <see cref="Model.Load(string)"/>.</summary>
    /// <param name="typeName">What <see cref="Layer.TypeName"/> gives: the name of the class, unless it is overridden.</param>
    /// <param name="factory">Calls the constructor with what <see cref="Layer.WriteConfig"/> wrote.</param>
    /// <exception cref="OptionException">Another factory has this name.</exception>
    public static void Register(string typeName, Func<LayerConfig, Layer> factory)
    {
        ArgumentNullException.ThrowIfNull(typeName);
        ArgumentNullException.ThrowIfNull(factory);
        lock (Gate)
        {
            if (!Factories.TryAdd(typeName, factory) && Factories[typeName] != factory)
                throw new OptionException($"A layer type with the name {typeName} is registered already.");
        }
    }

    /// <summary>Stores a layer: its type, its name, whether it is frozen, and its configuration.</summary>
    internal static LayerConfig Write(Layer layer)
    {
        var stored = new LayerConfig(layer.Name);
        stored.Set("type", layer.TypeName);
        stored.Set("name", layer.Name);
        if (!layer.Trainable)
            stored.Set("trainable", false);
        var config = new LayerConfig(layer.Name);
        layer.WriteConfig(config);
        stored.Values["config"] = config.Values;
        return stored;
    }

    /// <summary>Makes a layer again.</summary>
    internal static Layer Read(LayerConfig stored)
    {
        string type = stored.GetString("type"), name = stored.GetString("name");
        Func<LayerConfig, Layer>? factory;
        lock (Gate)
            factory = Factories.GetValueOrDefault(type);
        if (factory is null)
            throw stored.Fail("type", $"a known layer type. Hint: call {nameof(LayerRegistry)}.{nameof(Register)}(\"{type}\", ...) first", type);
        Layer layer = factory(stored.Part("config"));
        SiblingNames.RequireValid(name);
        layer.Rename(name);
        if (stored.Contains("trainable"))
            layer.Trainable = stored.GetBoolean("trainable");
        return layer;
    }
}
