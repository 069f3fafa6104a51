namespace Anneal.Models;

/// <summary>
/// A residual network (He et al., 2015) that classifies images: input float32 <c>[batch, height, width, channels]</c>, output logits float32
/// <c>[batch, classes]</c>.
/// </summary>
public sealed class ResNetForImageClassification : PretrainedModel
{
    private readonly ResNetConvolution _embedder;
    private readonly MaxPool2D _pool;
    private readonly ResNetLayer[][] _stages;
    private readonly Dense _classifier;

    /// <summary>Makes a model with first weights from the seed.</summary>
    /// <param name="config">What it looks like.</param>
    /// <param name="name">The name; null is that of the type.</param>
    /// <exception cref="ModelConfigException">Fields of the configuration contradict each other.</exception>
    public ResNetForImageClassification(ResNetConfig config, string? name = null) : base(config, name)
    {
        _embedder = Track(new ResNetConvolution(config.EmbeddingSize, 7, 2, config.HiddenActivation, "embedder"));
        _pool = Track(new MaxPool2D(3, 2, name: "pool"));
        _stages = new ResNetLayer[config.Depths.Count][];
        int inputs = config.EmbeddingSize;
        for (int s = 0; s < _stages.Length; s++)
        {
            _stages[s] = new ResNetLayer[config.Depths[s]];
            for (int l = 0; l < _stages[s].Length; l++)
            {
                int stride = l == 0 && (s > 0 || config.DownsampleInFirstStage) ? 2 : 1;
                _stages[s][l] = Track(new ResNetLayer(config, inputs, config.HiddenSizes[s], stride, FormattableString.Invariant($"stage_{s}_layer_{l}")));
                inputs = config.HiddenSizes[s];
            }
        }

        _classifier = Track(new Dense(config.Labels.Count, name: "classifier"));
    }

    /// <summary>What the model looks like.</summary>
    public new ResNetConfig Config => (ResNetConfig)base.Config;

    internal override string BodyPrefix => "resnet";

    internal override IReadOnlyList<TensorType> InputsToBuild
    {
        get
        {
            // Large enough that a pixel is left behind the last stage.
            long side = 1L << Math.Min(Config.Depths.Count + 2, 12);
            return [new(DType.Float32, [side, side, Config.ChannelCount])];
        }
    }

    /// <summary>Loads a model; see <see cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>.</summary>
    /// <inheritdoc cref="PretrainedModel.Load(string, PretrainedLoadOptions?)"/>
    public static new ResNetForImageClassification Load(string folder, PretrainedLoadOptions? options = null) => Load<ResNetForImageClassification>(folder, options);

    /// <inheritdoc/>
    protected override Tensor Call(Tensor input)
    {
        if (input.Shape.Rank != 4 || input.Shape[3] != Config.ChannelCount)
            throw new ShapeException($"The model {Name} expects images [batch, height, width, {Config.ChannelCount}], but found {input.Shape}.");
        Tensor hidden = _embedder.Apply(input).Pad([0, 1, 1, 0], [0, 1, 1, 0], double.NegativeInfinity);
        hidden = _pool.Apply(hidden);
        foreach (ResNetLayer[] stage in _stages)
        {
            foreach (ResNetLayer layer in stage)
                hidden = layer.Apply(hidden);
        }

        return _classifier.Apply(hidden.Mean([1, 2]));
    }

    internal override void MapWeights(WeightTable table)
    {
        _embedder.Map(table, "resnet.embedder.embedder");
        for (int s = 0; s < _stages.Length; s++)
        {
            for (int l = 0; l < _stages[s].Length; l++)
            {
                string prefix = FormattableString.Invariant($"resnet.encoder.stages.{s}.layers.{l}");
                ResNetLayer layer = _stages[s][l];
                layer.Shortcut?.Map(table, prefix + ".shortcut");
                for (int c = 0; c < layer.Convolutions.Length; c++)
                    layer.Convolutions[c].Map(table, FormattableString.Invariant($"{prefix}.layer.{c}"));
            }
        }

        table.Linear("classifier.1", _classifier);
    }
}
