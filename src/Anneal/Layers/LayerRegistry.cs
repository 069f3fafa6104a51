namespace Anneal;

/// <summary>Makes layers from stored configurations. The built-in ones are known; register your own before you load a model that has them.</summary>
public static class LayerRegistry
{
    private static readonly Lock Gate = new();

    // Added, not assigned: a name that stands here twice ends the first use.
    private static readonly Dictionary<string, Func<LayerConfig, Layer>> Factories = new()
    {
        { nameof(ActivationLayer), ActivationLayer.Read },
        { nameof(AdaptiveAveragePool2D), AdaptiveAveragePool2D.Read },
        { nameof(Add), _ => new Add() },
        { nameof(AlphaDropout), AlphaDropout.Read },
        { nameof(Average), _ => new Average() },
        { nameof(AveragePool1D), AveragePool1D.Read },
        { nameof(AveragePool2D), AveragePool2D.Read },
        { nameof(BatchNormalization), BatchNormalization.Read },
        { nameof(Bidirectional), Bidirectional.Read },
        { nameof(Concatenate), Concatenate.Read },
        { nameof(Conv1D), Conv1D.Read },
        { nameof(Conv1DTranspose), Conv1DTranspose.Read },
        { nameof(Conv2D), Conv2D.Read },
        { nameof(Conv2DTranspose), Conv2DTranspose.Read },
        { nameof(Cropping1D), Cropping1D.Read },
        { nameof(Cropping2D), Cropping2D.Read },
        { nameof(Dense), Dense.Read },
        { nameof(DepthwiseConv1D), DepthwiseConv1D.Read },
        { nameof(DepthwiseConv2D), DepthwiseConv2D.Read },
        { nameof(Dot), Dot.Read },
        { nameof(Dropout), Dropout.Read },
        { nameof(Elu), Elu.Read },
        { nameof(Embedding), Embedding.Read },
        { nameof(FeedForward), FeedForward.Read },
        { nameof(Flatten), _ => new Flatten() },
        { nameof(GaussianDropout), GaussianDropout.Read },
        { nameof(GaussianNoise), GaussianNoise.Read },
        { nameof(GlobalAveragePool1D), GlobalAveragePool1D.Read },
        { nameof(GlobalAveragePool2D), GlobalAveragePool2D.Read },
        { nameof(GlobalMaxPool1D), GlobalMaxPool1D.Read },
        { nameof(GlobalMaxPool2D), GlobalMaxPool2D.Read },
        { nameof(GroupNormalization), GroupNormalization.Read },
        { nameof(Gru), Gru.Read },
        { nameof(Input), Input.Read },
        { nameof(InstanceNormalization), InstanceNormalization.Read },
        { nameof(LayerNormalization), LayerNormalization.Read },
        { nameof(LeakyRelu), LeakyRelu.Read },
        { nameof(Lstm), Lstm.Read },
        { nameof(Maximum), _ => new Maximum() },
        { nameof(MaxPool1D), MaxPool1D.Read },
        { nameof(MaxPool2D), MaxPool2D.Read },
        { nameof(Minimum), _ => new Minimum() },
        { nameof(MixUp), MixUp.Read },
        { nameof(Model), Model.Read },
        { nameof(MultiHeadAttention), MultiHeadAttention.Read },
        { nameof(Multiply), _ => new Multiply() },
        { nameof(Permute), Permute.Read },
        { nameof(PositionalEmbedding), PositionalEmbedding.Read },
        { nameof(PRelu), PRelu.Read },
        { nameof(RandomBrightness), RandomBrightness.Read },
        { nameof(RandomContrast), RandomContrast.Read },
        { nameof(RandomCrop), RandomCrop.Read },
        { nameof(RandomErasing), RandomErasing.Read },
        { nameof(RandomFlip), RandomFlip.Read },
        { nameof(RandomRotation), RandomRotation.Read },
        { nameof(RandomTranslation), RandomTranslation.Read },
        { nameof(RandomZoom), RandomZoom.Read },
        { nameof(RepeatVector), RepeatVector.Read },
        { nameof(Reshape), Reshape.Read },
        { nameof(RmsNormalization), RmsNormalization.Read },
        { nameof(Rnn), Rnn.Read },
        { nameof(SeparableConv1D), SeparableConv1D.Read },
        { nameof(SeparableConv2D), SeparableConv2D.Read },
        { nameof(Sequential), Sequential.Read },
        { nameof(SimpleRnn), SimpleRnn.Read },
        { nameof(SinusoidalPositionalEmbedding), SinusoidalPositionalEmbedding.Read },
        { nameof(Softmax), Softmax.Read },
        { nameof(SpatialDropout1D), SpatialDropout1D.Read },
        { nameof(SpatialDropout2D), SpatialDropout2D.Read },
        { nameof(Subtract), _ => new Subtract() },
        { nameof(TimeDistributed), TimeDistributed.Read },
        { nameof(TransformerDecoderBlock), TransformerDecoderBlock.Read },
        { nameof(TransformerEncoderBlock), TransformerEncoderBlock.Read },
        { nameof(UpSampling1D), UpSampling1D.Read },
        { nameof(UpSampling2D), UpSampling2D.Read },
        { nameof(ZeroPadding1D), ZeroPadding1D.Read },
        { nameof(ZeroPadding2D), ZeroPadding2D.Read },
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

    /// <summary>Whether a type of layer can be made from a stored configuration.</summary>
    internal static bool Knows(string typeName)
    {
        lock (Gate)
            return Factories.ContainsKey(typeName);
    }

    /// <summary>Stores a layer: its type, its name, whether it is frozen, its penalties, and its configuration.</summary>
    internal static LayerConfig Write(Layer layer)
    {
        var stored = new LayerConfig(layer.Name);
        stored.Set("type", layer.TypeName);
        stored.Set("name", layer.Name);
        if (!layer.Trainable)
            stored.Set("trainable", false);
        layer.WritePenalties(stored);
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
            throw stored.Fail("type", $"a known layer type. Hint: call {nameof(LayerRegistry)}.{nameof(Register)}(\"{type}\", ...) first; public models are loaded with PretrainedModel.Load of Anneal.Models", type);
        Layer layer = factory(stored.Part("config"));
        SiblingNames.RequireValid(name);
        layer.Rename(name);
        if (stored.Contains("trainable"))
            layer.Trainable = stored.GetBoolean("trainable");
        layer.ReadPenalties(stored);
        return layer;
    }
}
