using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>How the frequencies of rotary positions follow from the base.</summary>
public enum RopeKind
{
    /// <summary>As they are (Su et al., 2021).</summary>
    Default,

    /// <summary>Divided by a factor, as if positions lay closer together (Chen et al., 2023).</summary>
    Linear,

    /// <summary>The base grows with the length of a text beyond the longest trained one (NTK-aware scaling).</summary>
    Dynamic,

    /// <summary>Low frequencies divided, high ones kept, with a ramp between them, and scaled attention (Peng et al., 2023).</summary>
    Yarn,

    /// <summary>Long waves divided, short ones kept, with a transition between them, as Llama 3.1.</summary>
    Llama3,
}

/// <summary>The rotary positions of a model. What a kind does not use is null.</summary>
public sealed record RopeParameters
{
    /// <summary>How the frequencies follow from the base.</summary>
    public RopeKind Kind { get; init; }

    /// <summary>The base: pair i turns by <c>Theta</c> to the power of <c>-2i / dimension</c> radians for each step.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary>The share of a head's features that is turned, above 0 and at most 1.</summary>
    public double PartialFactor { get; init; } = 1;

    /// <summary>By how much the context is stretched; null for the default kind, and where Yarn takes the ratio of the two longest texts.</summary>
    public double? Factor { get; init; }

    /// <summary>The longest text before the context was stretched; null is the longest of the model.</summary>
    public int? OriginalMaximumPositions { get; init; }

    /// <summary>Yarn: what cosines and sines are multiplied by; null follows from the factor.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>Yarn: frequencies that turn more often than this within the original context are kept; null is 32.</summary>
    public double? BetaFast { get; init; }

    /// <summary>Yarn: frequencies that turn less often than this within the original context are divided; null is 1.</summary>
    public double? BetaSlow { get; init; }

    /// <summary>Yarn: a weight of the logarithm in the attention factor, as DeepSeek.</summary>
    public double? MScale { get; init; }

    /// <summary>Yarn: a weight of the logarithm in the divisor of the attention factor, as DeepSeek.</summary>
    public double? MScaleAllDimensions { get; init; }

    /// <summary>Yarn: whether the ends of the ramp are rounded outwards to whole pairs.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Llama 3: waves longer than the original context over this are divided.</summary>
    public double? LowFrequencyFactor { get; init; }

    /// <summary>Llama 3: waves shorter than the original context over this are kept.</summary>
    public double? HighFrequencyFactor { get; init; }

    /// <summary>
    /// The type to which frequencies are rounded: float32, as published models are used. A model that was converted to 16 bits as a whole, its
    /// frequencies with it, turns by angles that are off by up to a part in 256, and only such a rounding gives its numbers.
    /// </summary>
    public DType FrequencyType { get; init; } = DType.Float32;

    // A field of Anneal's own; others do not read it.
    private const string FrequencyField = "frequency_dtype";

    private static readonly (string Name, RopeKind Kind)[] Names =
        [("default", RopeKind.Default), ("linear", RopeKind.Linear), ("dynamic", RopeKind.Dynamic), ("yarn", RopeKind.Yarn), ("llama3", RopeKind.Llama3)];

    /// <summary>Reads <c>rope_parameters</c>, or the older <c>rope_theta</c> with <c>rope_scaling</c>.</summary>
    internal static RopeParameters Read(ConfigFields config, double theta = 10000, double partialFactor = 1)
    {
        string owner = config.IsMissing("rope_parameters") ? "rope_scaling" : "rope_parameters";
        ConfigFields fields = config.Part(owner) ?? new ConfigFields([], config.File);
        string kind = fields.Text("rope_type") ?? fields.Text("type") ?? "default";
        int at = Array.FindIndex(Names, n => n.Name == kind);
        if (at < 0)
            throw fields.Fail(fields.IsMissing("rope_type") ? "type" : "rope_type", $"a kind of {owner} among {string.Join(", ", Names.Select(n => n.Name))}");
        foreach ((string name, JsonNode? value) in fields.Values)
        {
            if (value is JsonObject)
                throw config.Fail(owner, $"one kind of rotary positions for all layers, but {name} has one of its own, which is not supported; a flat object");
        }

        var read = new RopeParameters
        {
            Kind = Names[at].Kind,
            Theta = fields.OptionalNumber("rope_theta", 1, 1e15) ?? config.Number("rope_theta", theta, 1, 1e15),
            PartialFactor = fields.OptionalNumber("partial_rotary_factor", 0, 1) ?? config.Number("partial_rotary_factor", partialFactor, 0, 1),
            Factor = fields.OptionalNumber("factor", 1e-6, 1e6),
            OriginalMaximumPositions = fields.OptionalInt("original_max_position_embeddings", 1, ConfigFields.MostTokens),
            AttentionFactor = fields.OptionalNumber("attention_factor", 0, 1e6),
            BetaFast = fields.OptionalNumber("beta_fast", 0, 1e9),
            BetaSlow = fields.OptionalNumber("beta_slow", 0, 1e9),
            MScale = fields.OptionalNumber("mscale", 0, 1e6),
            MScaleAllDimensions = fields.OptionalNumber("mscale_all_dim", 0, 1e6),
            Truncate = fields.Flag("truncate", true),
            LowFrequencyFactor = fields.OptionalNumber("low_freq_factor", 1e-6, 1e6),
            HighFrequencyFactor = fields.OptionalNumber("high_freq_factor", 1e-6, 1e6),
            FrequencyType = fields.Text(FrequencyField) switch
            {
                null or "float32" => DType.Float32,
                "bfloat16" => DType.BFloat16,
                "float16" => DType.Float16,
                _ => throw fields.Fail(FrequencyField, "float32, bfloat16 or float16"),
            },
        };
        return read;
    }

    internal JsonObject ToJson()
    {
        var fields = new JsonObject { ["rope_theta"] = Theta, ["rope_type"] = Array.Find(Names, n => n.Kind == Kind).Name };
        if (PartialFactor != 1)
            fields["partial_rotary_factor"] = PartialFactor;
        Add("factor", Factor);
        Add("attention_factor", AttentionFactor);
        Add("beta_fast", BetaFast);
        Add("beta_slow", BetaSlow);
        Add("mscale", MScale);
        Add("mscale_all_dim", MScaleAllDimensions);
        Add("low_freq_factor", LowFrequencyFactor);
        Add("high_freq_factor", HighFrequencyFactor);
        if (OriginalMaximumPositions is { } original)
            fields["original_max_position_embeddings"] = original;
        if (!Truncate)
            fields["truncate"] = false;
        if (FrequencyType != DType.Float32)
            fields[FrequencyField] = FrequencyType.Name();
        return fields;

        void Add(string name, double? value)
        {
            if (value is { } number)
                fields[name] = number;
        }
    }

    /// <summary>Makes sure that the kind has what it needs and that the features of a head can be turned.</summary>
    internal void Check(string file, int headDimension)
    {
        if (!Enum.IsDefined(Kind))
            throw new ModelConfigException(file, "rope_type", "one of " + string.Join(", ", Enum.GetNames<RopeKind>()), Kind.ToString());
        if (!(FrequencyType is DType.Float32 or DType.BFloat16 or DType.Float16))
            throw new ModelConfigException(file, FrequencyField, "float32, bfloat16 or float16", FrequencyType.Name());
        int dimension = DimensionOf(headDimension);
        if (dimension < 2 || dimension % 2 == 1)
        {
            throw new ModelConfigException(
                file, PartialFactor == 1 ? "head_dim" : "partial_rotary_factor", "an even number of a head's features, at least 2, to be turned", FormattableString.Invariant($"{dimension} of {headDimension}"));
        }

        if (!(Theta > 0 && double.IsFinite(Theta)))
            throw new ModelConfigException(file, "rope_theta", "a finite number above 0", FormattableString.Invariant($"{Theta}"));
        if (Kind is RopeKind.Linear or RopeKind.Dynamic or RopeKind.Llama3 && Factor is null)
            throw new ModelConfigException(file, "factor", $"a number, which the kind {Kind} needs", "nothing");
        if (Kind == RopeKind.Yarn && Factor is null && OriginalMaximumPositions is null)
            throw new ModelConfigException(file, "factor", "a number, or original_max_position_embeddings, which the kind Yarn needs", "nothing");
        if (Kind is RopeKind.Dynamic && dimension < 4)
            throw new ModelConfigException(file, "rope_type", "a kind for heads of which only 2 features are turned", "dynamic");
        if (Kind is RopeKind.Yarn && !(Theta > 1))
            throw new ModelConfigException(file, "rope_theta", "a number above 1, which the kind Yarn needs", FormattableString.Invariant($"{Theta}"));
        if (Kind != RopeKind.Llama3)
            return;
        if (LowFrequencyFactor is not { } low || HighFrequencyFactor is not { } high)
            throw new ModelConfigException(file, "low_freq_factor", "this and high_freq_factor, which the kind Llama3 needs", "nothing");
        if (!(low < high))
            throw new ModelConfigException(file, "high_freq_factor", FormattableString.Invariant($"more than low_freq_factor, which is {low}"), FormattableString.Invariant($"{high}"));
    }

    /// <summary>How many of a head's features are turned.</summary>
    internal int DimensionOf(int headDimension) => (int)(headDimension * PartialFactor);
}
