using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>
/// <c>adapter_config.json</c> as PEFT writes it. Fields that say how a computation goes are honoured or refused by name; those that say where
/// an adapter came from, how it began or on which machine it ran are kept as they were written.
/// </summary>
internal static class LoraConfigFile
{
    internal const string FileName = "adapter_config.json";
    private const string Kind = "LORA";
    private const int MostNames = 4096, LongestPattern = 2000;

    // Fields that PEFT has and that change what is computed in ways that are not here.
    private static readonly string[] Refused =
    [
        "lora_bias", "layer_replication", "trainable_token_indices", "target_parameters", "use_qalora", "use_bdlora", "alora_invocation_tokens", "arrow_config",
        "megatron_config", "kasa_config", "velora_config", "monteclora_config",
    ];

    // Fields that say nothing of the computation of a trained adapter.
    private static readonly string[] Idle =
    [
        "auto_mapping", "base_model_name_or_path", "corda_config", "eva_config", "fan_in_fan_out", "inference_mode", "init_lora_weights", "lora_ga_config",
        "loftq_config", "megatron_core", "peft_type", "peft_version", "qalora_group_size", "revision", "runtime_config", "task_type", "bias",
    ];

    // Ways to begin that leave the base model as it is; the others change it, and the adapter speaks of the changed one.
    private static readonly string[] PlainBeginnings = ["gaussian", "eva", "orthogonal"];

    /// <summary>Reads the fields.</summary>
    /// <exception cref="ModelConfigException">The adapter is of another kind, or a field is wrong or asks for what is not supported.</exception>
    internal static LoraOptions Read(ConfigFields fields)
    {
        if (fields.Text("peft_type") != Kind)
            throw fields.Fail("peft_type", $"'{Kind}', the kind of adapter that Anneal has");
        fields.RequireText("bias", "none");
        RequireKnownComputation(fields);
        (string[] targets, string? targetPattern) = Names(fields, "target_modules");
        (string[] excluded, string? excludedPattern) = Names(fields, "exclude_modules");
        if (targets.Length == 0 && targetPattern is null)
            throw fields.Fail("target_modules", "names of modules, or a regular expression for them");
        bool hasLayers = !IsOff(fields.Values["layers_to_transform"]);
        if (hasLayers && targetPattern is not null)
            throw fields.Fail("layers_to_transform", "nothing, because target_modules is an expression for whole names");
        var options = new LoraOptions
        {
            Source = PretrainedConfig.Text(fields.Values),
            Rank = fields.Int("r", 8, 1, ConfigFields.MostWidth),
            Alpha = fields.Number("lora_alpha", 8, float.MinValue, float.MaxValue),
            TargetModules = targets,
            TargetPattern = targetPattern,
            ExcludedModules = excluded,
            ExcludedPattern = excludedPattern,
            Layers = hasLayers ? Layers(fields) : [],
            Dropout = fields.Dropout("lora_dropout", 0),
            UseRsLora = fields.Flag("use_rslora", false),
            UseDora = fields.Flag("use_dora", false),
            RankPattern = Patterns(fields, "rank_pattern", (part, name) => part.Int(name, 0, 1, ConfigFields.MostWidth)),
            AlphaPattern = Patterns(fields, "alpha_pattern", (part, name) => part.Number(name, 0, float.MinValue, float.MaxValue)),
            ModulesToSave = Plain(fields, "modules_to_save"),
            TiesCopies = fields.Flag("ensure_weight_tying", false),
        };
        return options.Layers.Count == 0 ? options : options with { LayerPatterns = LayerPatterns(fields) };
    }

    /// <summary>The fields as they are saved: those that were read, the changed ones anew.</summary>
    /// <param name="options">What the adapter looks like.</param>
    /// <param name="model">The base model.</param>
    /// <param name="isInputsFirst">Whether the adapted kernels lie as <c>[inputs, outputs]</c> in the base model's files.</param>
    /// <param name="hasTiedCopies">Whether a module that is saved whole is one with another, which PEFT has to be told.</param>
    internal static JsonObject Write(LoraOptions options, PretrainedModel model, bool isInputsFirst, bool hasTiedCopies)
    {
        JsonObject written = Fields(options);
        if (options.Source is null)
        {
            string family = model.Config.ModelType;
            written["peft_type"] = Kind;
            written["bias"] = "none";
            written["fan_in_fan_out"] = isInputsFirst;
            written["ensure_weight_tying"] = hasTiedCopies;
            written["inference_mode"] = true;
            written["init_lora_weights"] = true;
            written["base_model_name_or_path"] = null;
            written["auto_mapping"] = new JsonObject { ["base_model_class"] = model.TypeName, ["parent_library"] = $"transformers.models.{family}.modeling_{family}" };
            written["task_type"] = null;
            return written;
        }

        ConfigFields source = ConfigFields.Parse(System.Text.Encoding.UTF8.GetBytes(options.Source), FileName);
        JsonObject before = Fields(Read(source)), result = source.Values;
        foreach ((string name, JsonNode? value) in written)
        {
            if (!JsonNode.DeepEquals(value, before[name]))
                result[name] = value?.DeepClone();
        }

        return result;
    }

    /// <summary>Makes sure that an adapter that names its base model names this one.</summary>
    /// <exception cref="AdapterException">It names another architecture.</exception>
    internal static void RequireMadeFor(ConfigFields fields, PretrainedModel model)
    {
        if (fields.Part("auto_mapping")?.Text("base_model_class") is { } made && made != model.TypeName)
        {
            throw new AdapterException(
                $"{fields.File}: the adapter was made for the architecture {ModelFileException.Quote(made)}, but the model {model.Name} is a {model.TypeName}. Hint: load its own base model.");
        }
    }

    private static JsonObject Fields(LoraOptions options) => new()
    {
        ["r"] = options.Rank,
        ["lora_alpha"] = options.Alpha,
        ["target_modules"] = options.TargetPattern is { } pattern ? pattern : Array(options.TargetModules),
        ["exclude_modules"] = options.ExcludedPattern is { } excluded ? excluded : options.ExcludedModules.Count == 0 ? null : Array(options.ExcludedModules),
        ["layers_to_transform"] = options.Layers.Count == 0 ? null : new JsonArray([.. options.Layers.Select(l => (JsonNode)l)]),
        ["layers_pattern"] = options.LayerPatterns.Count == 0 ? null : Array(options.LayerPatterns),
        ["rank_pattern"] = new JsonObject(options.RankPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        ["alpha_pattern"] = new JsonObject(options.AlphaPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        ["lora_dropout"] = options.Dropout,
        ["use_rslora"] = options.UseRsLora,
        ["use_dora"] = options.UseDora,
        ["modules_to_save"] = options.ModulesToSave.Count == 0 ? null : Array(options.ModulesToSave),
    };

    private static JsonArray Array(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];

    private static void RequireKnownComputation(ConfigFields fields)
    {
        foreach (string name in Refused)
        {
            if (!IsOff(fields.Values[name]))
                throw fields.Fail(name, "nothing, because what it asks for is not supported");
        }

        JsonNode? beginning = fields.Values["init_lora_weights"];
        bool isPlain = beginning?.GetValueKind() is null or JsonValueKind.True or JsonValueKind.False
            || (beginning.GetValueKind() == JsonValueKind.String && PlainBeginnings.Contains(beginning.GetValue<string>()));
        if (!isPlain)
            throw fields.Fail("init_lora_weights", $"true, false or one of {string.Join(", ", PlainBeginnings)}: others change the base model");

        // What a later release adds is off unless it says otherwise; anything else would be ignored.
        JsonObject known = Fields(new LoraOptions());
        foreach ((string name, JsonNode? value) in fields.Values)
        {
            bool isKnown = known.ContainsKey(name) || Idle.Contains(name) || Refused.Contains(name) || name == "ensure_weight_tying";
            if (!isKnown && !IsOff(value))
                throw fields.Fail(Short(name), "nothing, because Anneal does not know the field, which may change what is computed. Hint: remove it if it does not");
        }
    }

    private static bool IsOff(JsonNode? node) => node?.GetValueKind() switch
    {
        null or JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => node!.AsObject().Count == 0,
        JsonValueKind.Array => node!.AsArray().Count == 0,
        JsonValueKind.String => node!.GetValue<string>().Length == 0,
        _ => false,
    };

    private static string Short(string name) => ModelFileException.Quote(name)[1..^1];

    /// <summary>A list of names, or one regular expression.</summary>
    private static (string[] Names, string? Pattern) Names(ConfigFields fields, string name) =>
        fields.Values[name]?.GetValueKind() == JsonValueKind.String ? ([], Pattern(fields, name, fields.Text(name)!)) : (Plain(fields, name), null);

    private static string[] Plain(ConfigFields fields, string name)
    {
        string[] names = fields.Texts(name, MostNames) ?? [];
        return names.All(n => n.Length > 0) ? names : throw fields.Fail(name, "names that are not empty");
    }

    private static int[] Layers(ConfigFields fields) => fields.Values["layers_to_transform"] is JsonArray
        ? fields.Ints("layers_to_transform", MostNames, least: 0)!
        : [fields.Int("layers_to_transform", 0, 0, ConfigFields.MostLayers)];

    private static string[] LayerPatterns(ConfigFields fields)
    {
        (string[] names, string? one) = Names(fields, "layers_pattern");
        return one is { Length: > 0 } ? [one] : [.. names.Select(n => Pattern(fields, "layers_pattern", n))];
    }

    private static KeyValuePair<string, T>[] Patterns<T>(ConfigFields fields, string name, Func<ConfigFields, string, T> read)
    {
        if (fields.Part(name) is not { } part)
            return [];
        if (part.Values.Count > MostNames)
            throw fields.Fail(name, FormattableString.Invariant($"at most {MostNames} expressions"));
        return [.. part.Values.Select(p => p.Value is null
            ? throw fields.Fail(name, "a number for each expression")
            : KeyValuePair.Create(Pattern(fields, name, p.Key), read(part, p.Key)))];
    }

    private static string Pattern(ConfigFields fields, string name, string pattern) =>
        pattern.Length <= LongestPattern ? pattern : throw fields.Fail(name, FormattableString.Invariant($"an expression of at most {LongestPattern} characters"));
}
