using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The kind of a residual network's layers.</summary>
public enum ResNetLayerType
{
    /// <summary>Two convolutions of 3 by 3.</summary>
    Basic,

    /// <summary>A convolution of 3 by 3 between two of 1 by 1, on a quarter of the channels.</summary>
    Bottleneck,
}

/// <summary>The configuration of residual networks (He et al., 2015).</summary>
public sealed record ResNetConfig : ClassifierConfig
{
    private static readonly (string Name, ResNetLayerType Type)[] Names = [("basic", ResNetLayerType.Basic), ("bottleneck", ResNetLayerType.Bottleneck)];

    /// <inheritdoc/>
    public override string ModelType => "resnet";

    /// <summary>The channels of an image.</summary>
    public int ChannelCount { get; init; } = 3;

    /// <summary>The channels behind the first convolution.</summary>
    public int EmbeddingSize { get; init; } = 64;

    /// <summary>The channels of each stage.</summary>
    public IReadOnlyList<int> HiddenSizes { get; init; } = [256, 512, 1024, 2048];

    /// <summary>The number of layers of each stage.</summary>
    public IReadOnlyList<int> Depths { get; init; } = [3, 4, 6, 3];

    /// <summary>The kind of the layers.</summary>
    public ResNetLayerType LayerType { get; init; } = ResNetLayerType.Bottleneck;

    /// <summary>The activation.</summary>
    public Activation HiddenActivation { get; init; } = Activation.Relu;

    /// <summary>Whether the first stage halves the image too.</summary>
    public bool DownsampleInFirstStage { get; init; }

    /// <summary>Whether a bottleneck halves the image in its first convolution instead of in that of 3 by 3.</summary>
    public bool DownsampleInBottleneck { get; init; }

    internal override int Depth => Depths.Sum();

    internal override void Check(string file)
    {
        RequireSizes(file, ("num_channels", ChannelCount, ConfigFields.MostWidth), ("embedding_size", EmbeddingSize, ConfigFields.MostWidth));
        Require(HiddenSizes.Count > 0, file, "hidden_sizes", "at least one stage", HiddenSizes.Count);
        Require(Depths.Count == HiddenSizes.Count, file, "depths", $"a number for each of the {HiddenSizes.Count} stages", Depths.Count);
        int least = LayerType == ResNetLayerType.Bottleneck ? 4 : 1;
        foreach (int size in HiddenSizes)
            Require(size >= least && size <= ConfigFields.MostWidth, file, "hidden_sizes", $"numbers from {least} to {ConfigFields.MostWidth}", size);
        foreach (int depth in Depths)
            Require(depth is >= 1 and <= ConfigFields.MostLayers, file, "depths", $"numbers from 1 to {ConfigFields.MostLayers}", depth);
        RequireLabels(file, Labels);
    }

    internal override ResNetConfig Read(ConfigFields fields)
    {
        string type = fields.Text("layer_type") ?? "bottleneck";
        int at = Array.FindIndex(Names, n => n.Name == type);
        if (at < 0)
            throw fields.Fail("layer_type", "one of " + string.Join(", ", Names.Select(n => n.Name)));
        const int MostStages = 64;
        return new ResNetConfig
        {
            Source = Text(fields.Values),
            ChannelCount = fields.Int("num_channels", 3, 1, ConfigFields.MostWidth),
            EmbeddingSize = fields.Int("embedding_size", 64, 1, ConfigFields.MostWidth),
            HiddenSizes = fields.Ints("hidden_sizes", MostStages) ?? [256, 512, 1024, 2048],
            Depths = fields.Ints("depths", MostStages) ?? [3, 4, 6, 3],
            LayerType = Names[at].Type,
            HiddenActivation = fields.Activation("hidden_act", Activation.Relu),
            DownsampleInFirstStage = fields.Flag("downsample_in_first_stage", false),
            DownsampleInBottleneck = fields.Flag("downsample_in_bottleneck", false),
            Labels = fields.Labels(),
        };
    }

    internal override void WriteFields(JsonObject fields)
    {
        fields["num_channels"] = ChannelCount;
        fields["embedding_size"] = EmbeddingSize;
        fields["hidden_sizes"] = new JsonArray([.. HiddenSizes.Select(s => (JsonNode)s)]);
        fields["depths"] = new JsonArray([.. Depths.Select(d => (JsonNode)d)]);
        fields["layer_type"] = Array.Find(Names, n => n.Type == LayerType).Name;
        fields["hidden_act"] = ActivationNames.NameOf(HiddenActivation, "hidden_act");
        fields["downsample_in_first_stage"] = DownsampleInFirstStage;
        fields["downsample_in_bottleneck"] = DownsampleInBottleneck;
        WriteLabels(fields, Labels);
    }
}
