using System.Text.Json;
using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Models;

/// <content>Options in the files of published models.</content>
public sealed partial record GenerationOptions
{
    internal const string FileName = "generation_config.json";

    // What transformers takes where a file draws tokens and does not say from how many.
    private const int DefaultTopK = 50;

    // Fields that would change what is generated in a way that Anneal does not have, each with the value that changes nothing.
    private static readonly (string Field, double? Neutral)[] Unsupported =
    [
        ("penalty_alpha", 0), ("typical_p", 1), ("epsilon_cutoff", 0), ("eta_cutoff", 0), ("top_h", null), ("diversity_penalty", 0), ("num_beam_groups", 1),
        ("encoder_repetition_penalty", 1), ("encoder_no_repeat_ngram_size", 0), ("guidance_scale", 1), ("dola_layers", null), ("renormalize_logits", 0),
        ("forced_bos_token_id", null), ("forced_eos_token_id", null), ("forced_decoder_ids", null), ("begin_suppress_tokens", null), ("sequence_bias", null),
        ("force_words_ids", null), ("constraints", null), ("exponential_decay_length_penalty", null), ("stop_strings", null), ("watermarking_config", null),
        ("max_time", null), ("token_healing", 0),
    ];

    /// <summary>The text that was read; null where the options were made in code.</summary>
    internal string? Source { get; init; }

    /// <summary>
    /// Reads how the publisher of a model generates with it: <c>generation_config.json</c>, or <c>config.json</c> where the folder has no such file. A
    /// file that says <c>do_sample</c> gives options that draw, which need a <see cref="Seed"/> still.
    /// </summary>
    /// <param name="folder">The folder of the model.</param>
    /// <exception cref="ModelConfigException">A field has a wrong value, or asks for what is not supported.</exception>
    /// <exception cref="ModelFileException">There is neither file, or it is damaged.</exception>
    public static GenerationOptions Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string own = Path.Combine(folder, FileName);
        return Read(ConfigFields.ReadFile(File.Exists(own) ? own : Path.Combine(folder, "config.json")));
    }

    /// <summary>Writes <c>generation_config.json</c>, so that transformers generates in the same way. The seed is not written.</summary>
    /// <param name="folder">The folder, which exists.</param>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        byte[] bytes = JsonBytes(ToJson());
        WholeFile.Replace(Path.Combine(folder, FileName), stream => stream.Write(bytes));
    }

    internal static byte[] JsonBytes(JsonObject fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            fields.WriteTo(json);
        buffer.Write("\n"u8);
        return buffer.ToArray();
    }

    internal static GenerationOptions Read(ConfigFields fields)
    {
        RequireSupported(fields);
        bool draws = fields.Flag("do_sample", false);
        int beams = fields.Int("num_beams", 1, 1, ConfigFields.MostLayers);
        if (draws && beams > 1)
            throw fields.Fail("num_beams", "1 where do_sample is true: beams are not drawn");
        double? temperature = fields.OptionalNumber("temperature", 0, double.MaxValue), topP = fields.OptionalNumber("top_p", 0, 1), minP = fields.OptionalNumber("min_p", 0, 1);
        int topK = fields.Int("top_k", DefaultTopK, 0, ConfigFields.MostTokens);
        if (draws && temperature == 0)
            throw fields.Fail("temperature", "more than 0 where do_sample is true");
        if (draws && topP == 0)
            throw fields.Fail("top_p", "more than 0 where do_sample is true");
        double lengthPenalty = fields.Number("length_penalty", 1, double.MinValue, double.MaxValue);
        BeamStopping stopping = Stopping(fields);
        int? newTokens = fields.OptionalInt("max_new_tokens", 1, ConfigFields.MostTokens), length = fields.OptionalInt("max_length", 1, ConfigFields.MostTokens);
        return new GenerationOptions
        {
            Source = PretrainedConfig.Text(fields.Values),
            MaximumNewTokens = newTokens,
            MaximumLength = newTokens is null ? length : null,
            MinimumNewTokens = fields.OptionalInt("min_new_tokens", 0, ConfigFields.MostTokens),
            MinimumLength = fields.OptionalInt("min_length", 0, ConfigFields.MostTokens) is > 0 and { } least ? least : null,
            EndTokens = fields.EndIds(),
            ForbiddenTokens = Forbidden(fields),
            BeginToken = fields.OptionalInt("bos_token_id", 0, ConfigFields.MostTokens),
            DecoderStartToken = fields.OptionalInt("decoder_start_token_id", 0, ConfigFields.MostTokens),
            RepetitionPenalty = fields.Number("repetition_penalty", 1, double.Epsilon, double.MaxValue),
            FrequencyPenalty = fields.Number("frequency_penalty", 0, double.MinValue, double.MaxValue),
            PresencePenalty = fields.Number("presence_penalty", 0, double.MinValue, double.MaxValue),
            NoRepeatSize = fields.Int("no_repeat_ngram_size", 0, 0, ConfigFields.MostTokens) is > 0 and { } size ? size : null,
            Temperature = draws ? temperature ?? 1 : null,
            TopK = draws && topK > 0 ? topK : null,
            TopP = draws && topP < 1 ? topP : null,
            MinP = draws && minP > 0 ? minP : null,
            BeamCount = beams,
            LengthPenalty = beams > 1 ? lengthPenalty : 1,
            BeamStopping = beams > 1 ? stopping : BeamStopping.Heuristic,
            ReturnedSequences = fields.Int("num_return_sequences", 1, 1, beams),
        };
    }

    /// <summary>The fields as they are saved: those that were read, the changed ones anew.</summary>
    internal JsonObject ToJson()
    {
        JsonObject written = Fields();
        if (Source is null)
            return written;
        JsonObject result = JsonTree.ParseObject(System.Text.Encoding.UTF8.GetBytes(Source), FileName);
        JsonObject before = Read(new ConfigFields(result, FileName)).Fields();
        bool hasChanged = false;
        foreach (string name in written.Select(f => f.Key).Union(before.Select(f => f.Key)).ToArray())
        {
            if (JsonNode.DeepEquals(written[name], before[name]))
                continue;
            hasChanged = true;
            result.Remove(name);
            if (written[name] is { } value)
                result[name] = value.DeepClone();
        }

        // What was changed is no longer what the model's configuration says.
        if (hasChanged)
            result.Remove("_from_model_config");
        return result;
    }

    private JsonObject Fields()
    {
        var fields = new JsonObject();
        if (EndTokens.Count > 0)
            fields["eos_token_id"] = EndTokens.Count == 1 ? EndTokens[0] : Array(EndTokens);
        if (ForbiddenTokens.Count > 0)
            fields["suppress_tokens"] = Array(ForbiddenTokens);
        Set("bos_token_id", BeginToken);
        Set("decoder_start_token_id", DecoderStartToken);
        Set("max_new_tokens", MaximumNewTokens);
        Set("max_length", MaximumLength);
        Set("min_new_tokens", MinimumNewTokens);
        Set("min_length", MinimumLength);
        Set("repetition_penalty", RepetitionPenalty == 1 ? null : RepetitionPenalty);
        Set("frequency_penalty", FrequencyPenalty == 0 ? null : FrequencyPenalty);
        Set("presence_penalty", PresencePenalty == 0 ? null : PresencePenalty);
        Set("no_repeat_ngram_size", NoRepeatSize);
        if (Temperature is not null)
        {
            fields["do_sample"] = true;
            fields["temperature"] = Temperature;
            fields["top_k"] = TopK ?? 0;
            Set("top_p", TopP);
            Set("min_p", MinP);
        }

        if (BeamCount > 1)
        {
            fields["num_beams"] = BeamCount;
            fields["length_penalty"] = LengthPenalty;
            fields["early_stopping"] = BeamStopping == BeamStopping.Never ? JsonValue.Create("never") : JsonValue.Create(BeamStopping == BeamStopping.WhenFull);
            fields["num_return_sequences"] = ReturnedSequences;
        }

        return fields;

        void Set(string name, JsonNode? value)
        {
            if (value is not null)
                fields[name] = value;
        }

        static JsonArray Array(IReadOnlyList<int> tokens) => [.. tokens.Select(t => (JsonNode)t)];
    }

    private static BeamStopping Stopping(ConfigFields fields)
    {
        const string Name = "early_stopping";
        return fields.Values[Name] is JsonValue value && value.TryGetValue(out string? text)
            ? text == "never" ? BeamStopping.Never : throw fields.Fail(Name, "true, false or 'never'")
            : fields.Flag(Name, false) ? BeamStopping.WhenFull : BeamStopping.Heuristic;
    }

    /// <summary>Tokens that never come; sequences of several of them are not supported.</summary>
    private static int[] Forbidden(ConfigFields fields)
    {
        const string Name = "bad_words_ids";
        var tokens = new SortedSet<int>(fields.Ints("suppress_tokens", ConfigFields.MostWidth, least: 0) ?? []);
        if (fields.Values[Name] is not { } node)
            return [.. tokens];
        if (node is not JsonArray words)
            throw fields.Fail(Name, "a list of lists of tokens");
        foreach (JsonNode? word in words)
        {
            if (word is not JsonArray { Count: 1 } single || single[0] is not JsonValue value || !value.TryGetValue(out int token) || token < 0)
                throw fields.Fail(Name, "lists of one token each, which alone are supported");
            tokens.Add(token);
        }

        return [.. tokens];
    }

    private static void RequireSupported(ConfigFields fields)
    {
        foreach ((string name, double? neutral) in Unsupported)
        {
            bool changesNothing = fields.Values[name] is not { } node
                || (node is JsonArray { Count: 0 })
                || (node is JsonValue value && ((value.TryGetValue(out double number) && number == neutral) || (value.TryGetValue(out bool flag) && !flag)));
            if (!changesNothing)
                throw fields.Fail(name, "no such limit, which is not supported" + (name == "stop_strings" ? $"; stop strings are given to {nameof(TextGenerator)}" : ""));
        }
    }
}
