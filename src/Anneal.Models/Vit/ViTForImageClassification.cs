namespace Anneal.Models;

/// <summary>
/// A vision transformer (Dosovitskiy et al., 2020) that classifies images: input float32 <c>[batch, height, width, channels]</c> of the size that the
/// configuration says, output logits float32 <c>[batch, classes]</c>.
/// </summary>
public sealed class ViTForImageClassification : PretrainedModel
{
    private readonly ViTEmbedding _embedding;
    private readonly EncoderBlock[] _blocks;
    private readonly LayerNormalization _norm;
    private readonly Dense _classifier;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public ViTForImageClassification(ViTConfig config, string? name = null) : base(config, name)
    {
        var options = new EncoderOptions
        {
            Width = config.HiddenSize,
            Inner = config.IntermediateSize,
            Heads = config.HeadCount,
            Activation = config.HiddenActivation,
            NormEpsilon = config.NormEpsilon,
            NormalizesFirst = true,
            InputBias = config.QueryKeyValueBias,
            Dropout = config.HiddenDropout,
            AttentionDropout = config.AttentionDropout,
            Initializer = new RandomNormal(0, config.InitializerRange),
        };
        _embedding = Track(new ViTEmbedding(config, options.Initializer));
        _blocks = new EncoderBlock[config.LayerCount];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = Track(new EncoderBlock(options, FormattableString.Invariant($"layer_{i}")));
        _norm = Track(new LayerNormalization(epsilon: config.NormEpsilon, name: "norm"));
        _classifier = Track(new Dense(config.Labels.Count, kernelInitializer: options.Initializer, name: "classifier"));
    }

    /// <summary>What the model looks like.</summary>
    public new ViTConfig Config => (ViTConfig)base.Config;

    internal override string BodyPrefix => "vit";

    internal override IReadOnlyList<TensorType> InputsToBuild =>
        [new(DType.Float32, [Config.ImageSize.Height, Config.ImageSize.Width, Config.ChannelCount])];

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new ViTForImageClassification Load(string folder, PretrainedLoadOptions? options = null) => Load<ViTForImageClassification>(folder, options);

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        Tensor hidden = _embedding.Apply(input);
        foreach (EncoderBlock block in _blocks)
            hidden = block.Apply(hidden, null);
        Tensor first = _norm.Apply(hidden.Narrow(1, 0, 1)).Reshape(hidden.Shape[0], hidden.Shape[2]);
        return _classifier.Apply(first);
    }

    internal override void MapWeights(WeightTable table)
    {
        table.Add("vit.embeddings.cls_token", _embedding.ClassToken);
        table.Add("vit.embeddings.position_embeddings", _embedding.Positions);
        table.Convolution("vit.embeddings.patch_embeddings.projection", _embedding.Patches);
        for (int i = 0; i < _blocks.Length; i++)
        {
            string prefix = FormattableString.Invariant($"vit.encoder.layer.{i}");
            EncoderBlock block = _blocks[i];
            table.Linear(prefix + ".attention.attention.query", block.Attention.Query!);
            table.Linear(prefix + ".attention.attention.key", block.Attention.Key!);
            table.Linear(prefix + ".attention.attention.value", block.Attention.Value!);
            table.Linear(prefix + ".attention.output.dense", block.Attention.Output);
            table.Linear(prefix + ".intermediate.dense", block.FeedForward.Inner);
            table.Linear(prefix + ".output.dense", block.FeedForward.Outer);
            table.Norm(prefix + ".layernorm_before", block.AttentionNorm);
            table.Norm(prefix + ".layernorm_after", block.FeedForwardNorm);
        }

        table.Norm("vit.layernorm", _norm);
        table.Linear("classifier", _classifier);
    }
}

/// <summary>Patches of an image as a sequence behind one token for the whole, with learned positions.</summary>
internal sealed class ViTEmbedding : Layer
{
    private readonly ViTConfig _config;
    private readonly Initializer _initializer;
    private readonly Dropout _dropout;
    private Parameter? _classToken, _positions;

    internal ViTEmbedding(ViTConfig config, Initializer initializer) : base("embedding")
    {
        (_config, _initializer) = (config, initializer);
        Patches = Track(new Conv2D(config.HiddenSize, config.PatchSize, strides: config.PatchSize, kernelInitializer: initializer, name: "patches"));
        _dropout = Track(new Dropout(config.HiddenDropout));
    }

    internal Conv2D Patches { get; }

    internal Parameter ClassToken => _classToken!;

    internal Parameter Positions => _positions!;

    protected override void Build(Shape inputShape)
    {
        _classToken = AddParameter("class_token", [1, 1, _config.HiddenSize], _initializer);
        _positions = AddParameter("positions", [1, (long)_config.Patches.Height * _config.Patches.Width + 1, _config.HiddenSize], _initializer);
    }

    protected override Tensor Call(Tensor input)
    {
        Shape expected = [_config.ImageSize.Height, _config.ImageSize.Width, _config.ChannelCount];
        if (input.Shape.Rank != 4 || input.Shape[1..] != expected)
            throw new ShapeException($"Layer {Path} expects images [batch, height, width, channels] of {expected}, but found {input.Shape}.");
        long batch = input.Shape[0], width = _config.HiddenSize;
        Tensor patches = Patches.Apply(input).Reshape(batch, (long)_config.Patches.Height * _config.Patches.Width, width);
        Tensor first = ((Tensor)_classToken!).BroadcastTo([batch, 1, width]);
        return _dropout.Apply(Tensor.Concat(1, first, patches) + _positions!);
    }
}
