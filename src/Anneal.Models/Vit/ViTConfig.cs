using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>The configuration of the vision transformer (Dosovitskiy et al., 2020).</summary>
public sealed record ViTConfig : ClassifierConfig
{
    /// <inheritdoc/>
    public override string ModelType => "vit";

    /// <summary>The features of a patch between the layers.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>The number of layers.</summary>
    public int LayerCount { get; init; } = 12;

    /// <summary>The number of heads.</summary>
    public int HeadCount { get; init; } = 12;

    /// <summary>The features inside of the feed-forward networks.</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>The activation of the feed-forward networks.</summary>
    public Activation HiddenActivation { get; init; } = Activation.Gelu;

    /// <summary>Dropout of embeddings and of what is added to a layer's input, in training.</summary>
    public double HiddenDropout { get; init; }

    /// <summary>Dropout of the weights of attention, in training.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>What is added to the variance in normalizations.</summary>
    public double NormEpsilon { get; init; } = 1e-12;

    /// <summary>The standard deviation of the first weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>The rows and columns of an image.</summary>
    public Size2D ImageSize { get; init; } = 224;

    /// <summary>The rows and columns of a patch, which divide those of an image.</summary>
    public Size2D PatchSize { get; init; } = 16;

    /// <summary>The channels of an image.</summary>
    public int ChannelCount { get; init; } = 3;

    /// <summary>Whether the products of queries, keys and values add a bias.</summary>
    public bool QueryKeyValueBias { get; init; } = true;

    internal override int Depth => LayerCount;

    internal Size2D Patches => (ImageSize.Height / PatchSize.Height, ImageSize.Width / PatchSize.Width);

    internal override void Check(string file)
    {
        RequireSizes(
            file, ("hidden_size", HiddenSize, ConfigFields.MostWidth), ("num_hidden_layers", LayerCount, ConfigFields.MostLayers),
            ("num_attention_heads", HeadCount, ConfigFields.MostWidth), ("intermediate_size", IntermediateSize, ConfigFields.MostWidth),
            ("num_channels", ChannelCount, ConfigFields.MostWidth), ("image_size", ImageSize.Height, MostPixels), ("image_size", ImageSize.Width, MostPixels),
            ("patch_size", PatchSize.Height, ImageSize.Height), ("patch_size", PatchSize.Width, ImageSize.Width));
        RequireHeads(file, "num_attention_heads", HeadCount, "hidden_size", HiddenSize);
        RequireLabels(file, Labels);

        // Others cut off the rest of an image without a word.
        Require(ImageSize.Height % PatchSize.Height == 0, file, "patch_size", $"a number that divides image_size, which is {ImageSize.Height}", PatchSize.Height);
        Require(ImageSize.Width % PatchSize.Width == 0, file, "patch_size", $"a number that divides image_size, which is {ImageSize.Width}", PatchSize.Width);
    }

    internal override ViTConfig Read(ConfigFields fields) => new()
    {
        Source = Text(fields.Values),
        HiddenSize = fields.Int("hidden_size", 768, 1, ConfigFields.MostWidth),
        LayerCount = fields.Int("num_hidden_layers", 12, 1, ConfigFields.MostLayers),
        HeadCount = fields.Int("num_attention_heads", 12, 1, ConfigFields.MostWidth),
        IntermediateSize = fields.Int("intermediate_size", 3072, 1, ConfigFields.MostWidth),
        HiddenActivation = fields.Activation("hidden_act", Activation.Gelu),
        HiddenDropout = fields.Dropout("hidden_dropout_prob", 0),
        AttentionDropout = fields.Dropout("attention_probs_dropout_prob", 0),
        NormEpsilon = fields.Number("layer_norm_eps", 1e-12, 0, 1),
        InitializerRange = fields.Number("initializer_range", 0.02, 1e-12, 1e6),
        ImageSize = Size(fields, "image_size", 224),
        PatchSize = Size(fields, "patch_size", 16),
        ChannelCount = fields.Int("num_channels", 3, 1, ConfigFields.MostWidth),
        QueryKeyValueBias = fields.Flag("qkv_bias", true),
        Labels = fields.Labels(),
    };

    internal override void WriteFields(JsonObject fields)
    {
        fields["hidden_size"] = HiddenSize;
        fields["num_hidden_layers"] = LayerCount;
        fields["num_attention_heads"] = HeadCount;
        fields["intermediate_size"] = IntermediateSize;
        fields["hidden_act"] = ActivationNames.NameOf(HiddenActivation, "hidden_act");
        fields["hidden_dropout_prob"] = HiddenDropout;
        fields["attention_probs_dropout_prob"] = AttentionDropout;
        fields["layer_norm_eps"] = NormEpsilon;
        fields["initializer_range"] = InitializerRange;
        fields["image_size"] = Size(ImageSize);
        fields["patch_size"] = Size(PatchSize);
        fields["num_channels"] = ChannelCount;
        fields["qkv_bias"] = QueryKeyValueBias;
        WriteLabels(fields, Labels);
    }

    // An image of this many rows is far beyond the model; the bound keeps the number of patches in 32 bits.
    private const int MostPixels = 1 << 15;

    private static Size2D Size(ConfigFields fields, string name, int fallback)
    {
        if (fields.Values[name] is not JsonArray)
            return fields.Int(name, fallback, 1, MostPixels);
        return fields.Ints(name, 2) is [var height, var width] ? new Size2D(height, width) : throw fields.Fail(name, "one number, or a height and a width");
    }

    private static JsonNode Size(Size2D size) => size.Height == size.Width ? size.Height : new JsonArray(size.Height, size.Width);
}
