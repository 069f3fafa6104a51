using System.Globalization;

namespace Anneal.Models;

/// <summary>
/// Rotary positions in GGUF files: a base, how much of a head is turned, and linear or Yarn scaling by name. Scaling as in Llama 3 has no name there; its
/// effect on each pair lies in the tensor <c>rope_freqs.weight</c>, from which it is found again.
/// </summary>
internal static class GgufRotary
{
    private const string Kind = "rope.scaling.type", Factor = "rope.scaling.factor", Original = "rope.scaling.original_context_length";
    private const double Tolerance = 1e-5;

    internal static void Write(DecoderConfig config, GgufMetadataWriter metadata)
    {
        RopeParameters rope = config.Rope;
        Require(rope.FrequencyType == DType.Float32, "frequency_dtype", "float32", rope.FrequencyType.ToString());
        Require(rope.Kind != RopeKind.Dynamic, "rope_type", "none, linear, yarn or llama3", "dynamic");
        metadata.Add("rope.dimension_count", rope.DimensionOf(config.HeadDimension));
        metadata.Add("rope.freq_base", rope.Theta);
        if (rope.Kind == RopeKind.Linear)
        {
            metadata.Add(Kind, "linear");
            metadata.Add(Factor, rope.Factor!.Value);
        }
        else if (rope.Kind == RopeKind.Yarn)
        {
            Require(rope.AttentionFactor is null && (rope.MScale is null || rope.MScaleAllDimensions is null), "attention_factor", "nothing, so that it follows from the factor", "a factor");
            Require((rope.BetaFast ?? 32) == 32 && (rope.BetaSlow ?? 1) == 1 && rope.Truncate, "beta_fast", "32, beta_slow 1 and truncate", "others");
            int original = rope.OriginalMaximumPositions ?? config.MaximumPositions;
            metadata.Add(Kind, "yarn");
            metadata.Add(Factor, rope.Factor ?? config.MaximumPositions / (double)original);
            metadata.Add(Original, original);
        }
        else if (rope.Kind == RopeKind.Llama3)
        {
            metadata.Add(Original, rope.OriginalMaximumPositions ?? config.MaximumPositions);
        }
    }

    internal static DecoderConfig Read(DecoderConfig config, GgufKeys keys)
    {
        int dimension = keys.OptionalInt("rope.dimension_count", 1, ConfigFields.MostWidth) ?? config.Rope.DimensionOf(config.HeadDimension);
        if (dimension > config.HeadDimension)
            throw keys.Fail(keys.KeyOf("rope.dimension_count"), string.Create(CultureInfo.InvariantCulture, $"at most the {config.HeadDimension} features of a head"));
        var rope = new RopeParameters
        {
            Theta = keys.OptionalNumber("rope.freq_base", 1, 1e15) ?? config.Rope.Theta,
            PartialFactor = ShareOf(dimension, config.HeadDimension),
        };
        double? factor = keys.OptionalNumber(Factor, 1e-6, 1e6) ?? keys.OptionalNumber("rope.scale_linear", 1e-6, 1e6);
        int? original = keys.OptionalInt(Original, 1, ConfigFields.MostTokens);
        bool isLinear = keys.Has("rope.scale_linear");
        switch (keys.Text(Kind) ?? (isLinear ? "linear" : "none"))
        {
            case "none":
                break;
            case "linear":
                rope = rope with { Kind = factor is null or 1 ? RopeKind.Default : RopeKind.Linear, Factor = factor is 1 ? null : factor };
                break;
            case "yarn":
                rope = rope with { Kind = RopeKind.Yarn, Factor = factor, OriginalMaximumPositions = original };
                break;
            default:
                throw keys.Fail(keys.KeyOf(Kind), "'none', 'linear' or 'yarn', which alone are supported");
        }

        return config with { Rope = rope };
    }

    /// <summary>The share that gives so many features of a head.</summary>
    private static double ShareOf(int dimension, int head)
    {
        double share = dimension / (double)head;
        return (int)(head * share) == dimension ? share : Math.BitIncrement(share);
    }

    /// <summary>By what the plain frequencies are divided, pair by pair; null where the kind has a name or none is needed.</summary>
    internal static float[]? FactorsOf(DecoderConfig config)
    {
        if (config.Rope.Kind != RopeKind.Llama3)
            return null;
        ReadOnlySpan<float> scaled = Frequencies(config, config.Rope), plain = Frequencies(config, config.Rope with { Kind = RopeKind.Default });
        var factors = new float[plain.Length];
        for (int i = 0; i < factors.Length; i++)
            factors[i] = plain[i] / scaled[i];
        return factors;
    }

    /// <summary>The configuration whose frequencies are divided by these factors.</summary>
    /// <exception cref="ModelFileException">They are not those of a scaling as in Llama 3.</exception>
    internal static DecoderConfig WithFactors(DecoderConfig config, ReadOnlySpan<float> factors, GgufKeys keys)
    {
        if (factors.Length == config.Rope.DimensionOf(config.HeadDimension) / 2 && config.Rope.Kind == RopeKind.Default)
        {
            if (factors.IndexOfAnyExcept(1f) < 0)
                return config;
            foreach (RopeParameters rope in Candidates(config, factors.ToArray(), keys.OptionalInt(Original, 1, ConfigFields.MostTokens)))
            {
                DecoderConfig candidate = config with { Rope = rope };
                if (IsSame(FactorsOf(candidate)!, factors))
                    return candidate;
            }
        }

        throw new ModelFileException(
            keys.File, $"tensor '{GgufNames.RotaryFactors}'", "the factors of rotary positions scaled as in Llama 3, which alone are supported", "others");
    }

    /// <summary>
    /// In the transition the reciprocal of the factor is a straight line over the frequency, 1 at its upper end and 1 over the factor at its lower one. Two
    /// points give the ends as shares of the original context, which is known, or follows where waves longer than all of it are divided, as in published models.
    /// </summary>
    private static IEnumerable<RopeParameters> Candidates(DecoderConfig config, float[] factors, int? original)
    {
        float[] plain = Frequencies(config, config.Rope with { Kind = RopeKind.Default }).ToArray();
        double factor = factors.Max();
        RopeParameters llama = config.Rope with { Kind = RopeKind.Llama3, Factor = Math.Round(factor, 4), LowFrequencyFactor = 1, HighFrequencyFactor = 4 };
        yield return llama with { OriginalMaximumPositions = original ?? 8192 };
        int[] between = [.. Enumerable.Range(0, factors.Length).Where(i => factors[i] > 1 + 1e-4 && factors[i] < factor * (1 - 1e-4))];
        if (between.Length < 2 || !(factor > 1))
            yield break;

        // turns per token = frequency / 2π; smooth = (original · turns - low) / (high - low) = slope · turns - start.
        (double x1, double y1) = Point(between[0]);
        (double x2, double y2) = Point(between[^1]);
        double slope = (y1 - y2) / (x1 - x2), start = slope * x1 - y1;
        if (!(slope > 0) || !(start > 0))
            yield break;
        double low = original is { } known ? start * known / slope : 1, width = low / start;
        int context = original ?? (int)Math.Round(slope * width);
        if (!(width < 1e6) || context < 1)
            yield break;
        foreach (int digits in (int[])[0, 2, 4])
        {
            llama = llama with { OriginalMaximumPositions = context, LowFrequencyFactor = Math.Round(low, digits), HighFrequencyFactor = Math.Round(low + width, digits) };
            if (llama.LowFrequencyFactor > 0 && llama.LowFrequencyFactor < llama.HighFrequencyFactor)
                yield return llama;
        }

        (double Turns, double Smooth) Point(int pair) => (plain[pair] / (2 * Math.PI), (1 / factors[pair] - 1 / factor) / (1 - 1 / factor));
    }

    private static bool IsSame(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        for (int i = 0; i < a.Length; i++)
        {
            if (!(Math.Abs((double)a[i] - b[i]) <= Tolerance * Math.Abs(b[i])))
                return false;
        }

        return true;
    }

    private static ReadOnlySpan<float> Frequencies(DecoderConfig config, RopeParameters rope) =>
        new Rotary(rope, config.HeadDimension, config.MaximumPositions, config.Options.Pairing).Frequencies;

    private static void Require(bool holds, string field, string expected, string found)
    {
        if (!holds)
            throw new ModelConfigException(PretrainedConfig.InCode, field, expected + ", which alone GGUF files can say", found);
    }
}
