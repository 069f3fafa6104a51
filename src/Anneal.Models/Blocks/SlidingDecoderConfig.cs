using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>What a layer's tokens attend to.</summary>
public enum LayerAttention
{
    /// <summary>All tokens up to their own.</summary>
    Full,

    /// <summary>The tokens within the sliding window.</summary>
    Sliding,
}

/// <summary>A configuration in which some layers may have a sliding window, as in the families of Qwen.</summary>
public abstract record SlidingDecoderConfig : DecoderConfig
{
    private static readonly (string Name, LayerAttention Kind)[] Names = [("full_attention", LayerAttention.Full), ("sliding_attention", LayerAttention.Sliding)];

    private protected SlidingDecoderConfig()
    {
    }

    /// <summary>Whether the window is used at all.</summary>
    public bool UseSlidingWindow { get; init; }

    /// <summary>How many tokens back a sliding layer sees, the token itself included.</summary>
    public int? SlidingWindow { get; init; } = 4096;

    /// <summary>Where <see cref="LayerTypes"/> is null: how many of the first layers see everything.</summary>
    public int MaximumWindowLayers { get; init; } = 28;

    /// <summary>What the tokens of each layer attend to; null follows from <see cref="MaximumWindowLayers"/>.</summary>
    public IReadOnlyList<LayerAttention>? LayerTypes { get; init; }

    /// <summary>The window of a layer; null where it sees everything.</summary>
    internal int? WindowOf(int layer)
    {
        if (!UseSlidingWindow || SlidingWindow is not { } window)
            return null;
        LayerAttention kind = LayerTypes?[layer] ?? (layer >= MaximumWindowLayers ? LayerAttention.Sliding : LayerAttention.Full);
        return kind == LayerAttention.Sliding ? window : null;
    }

    internal override void Check(string file)
    {
        base.Check(file);
        RequireWholeHeads(file);
        Require(SlidingWindow is null or >= 1, file, "sliding_window", "at least 1, or null", SlidingWindow ?? 0);
        Require(LayerTypes is null || LayerTypes.Count == LayerCount, file, "layer_types", $"a kind for each of the {LayerCount} layers", LayerTypes?.Count ?? 0);
        bool slides = LayerTypes?.Contains(LayerAttention.Sliding) == true;
        if (slides && (!UseSlidingWindow || SlidingWindow is null))
            throw new ModelConfigException(file, "layer_types", "full attention in all layers, since use_sliding_window and sliding_window give no window", "sliding layers");
    }

    internal override void WriteFields(JsonObject fields)
    {
        base.WriteFields(fields);
        fields["use_sliding_window"] = UseSlidingWindow;
        fields["sliding_window"] = UseSlidingWindow ? SlidingWindow : null;
        fields["max_window_layers"] = MaximumWindowLayers;
        if (LayerTypes is not null)
            fields["layer_types"] = new JsonArray([.. LayerTypes.Select(t => (JsonNode)Array.Find(Names, n => n.Kind == t).Name)]);
    }

    /// <summary>A configuration with the fields that the family adds.</summary>
    private protected static T WithWindow<T>(T config, ConfigFields fields) where T : SlidingDecoderConfig
    {
        LayerAttention[]? kinds = null;
        if (fields.Texts("layer_types", ConfigFields.MostLayers) is { } written)
        {
            kinds = Array.ConvertAll(written, w => Array.FindIndex(Names, n => n.Name == w) is >= 0 and { } at
                ? Names[at].Kind
                : throw fields.Fail("layer_types", "kinds among " + string.Join(", ", Names.Select(n => n.Name))));
        }

        return (T)(config with
        {
            UseSlidingWindow = fields.Flag("use_sliding_window", false),
            SlidingWindow = fields.Has("sliding_window") ? fields.OptionalInt("sliding_window", 1, ConfigFields.MostTokens) : 4096,
            MaximumWindowLayers = fields.Int("max_window_layers", 28, 0, ConfigFields.MostLayers),
            LayerTypes = kinds,
        });
    }
}
