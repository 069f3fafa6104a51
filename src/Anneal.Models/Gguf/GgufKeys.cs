using System.Globalization;

namespace Anneal.Models;

/// <summary>The metadata of a file's architecture, read with checks: a value of the wrong kind or out of range is an error that names the key.</summary>
internal sealed class GgufKeys(GgufFile file, string architecture)
{
    /// <summary>Keys that change what is computed in ways that are not here, with the numbers (1 for true) at which they change nothing.</summary>
    internal static IReadOnlyList<(string Name, double[] Idle)> Refused { get; } =
    [
        ("attention.causal", [1]), ("attention.scale", [0]), ("attention.clamp_kqv", [0]), ("attention.max_alibi_bias", [0]), ("attention.temperature_scale", [0]),
        ("attn_logit_softcapping", [0]), ("final_logit_softcapping", [0]), ("router_logit_softcapping", [0]), ("logit_scale", [0, 1]), ("residual_scale", [0, 1]), ("embedding_scale", [0, 1]),
        ("use_parallel_residual", [0]), ("nextn_predict_layers", [0]), ("leading_dense_block_count", [0]), ("rope.dimension_sections", []), ("rope.freq_base_swa", []),
        ("rope.scaling.attn_factor", [1]), ("rope.scaling.yarn_attn_factor", [1]), ("rope.scaling.yarn_ext_factor", [-1, 1]), ("rope.scaling.yarn_beta_fast", [32]),
        ("rope.scaling.yarn_beta_slow", [1]), ("rope.scaling.yarn_log_multiplier", [0]),
    ];

    internal string File => file.Path;

    internal IReadOnlyDictionary<string, GgufTensor> Tensors => file.Tensors;

    internal string KeyOf(string name) => $"{architecture}.{name}";

    internal GgufValue? Value(string name) => file.Metadata.TryGetValue(KeyOf(name), out GgufValue? value) ? value : null;

    internal bool Has(string name) => file.Metadata.ContainsKey(KeyOf(name));

    internal int Int(string name, int least, int most) => OptionalInt(name, least, most) ?? throw Fail(KeyOf(name), Expected(least, most));

    internal int? OptionalInt(string name, int least, int most) => OptionalIntOf(KeyOf(name), least, most);

    /// <summary>A whole number under a key of no architecture.</summary>
    internal int? OptionalIntOf(string key, int least, int most)
    {
        if (!file.Metadata.TryGetValue(key, out GgufValue? value))
            return null;

        // Some writers give a number for each layer; one for all is what can be read.
        long? whole = value.Whole ?? (value.Wholes is { Count: > 0 } all && all.All(w => w == all[0]) ? all[0] : null);
        return whole is { } number && number >= least && number <= most ? (int)number : throw Fail(key, Expected(least, most));
    }

    internal double Number(string name, double least, double most) =>
        OptionalNumber(name, least, most) ?? throw Fail(KeyOf(name), string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));

    internal double? OptionalNumber(string name, double least, double most)
    {
        if (!file.Metadata.TryGetValue(KeyOf(name), out GgufValue? value))
            return null;
        return value.Number is { } number && number >= least && number <= most ? number : throw Fail(KeyOf(name), string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"));
    }

    internal string? Text(string name)
    {
        if (!file.Metadata.TryGetValue(KeyOf(name), out GgufValue? value))
            return null;
        return value.Text ?? throw Fail(KeyOf(name), "a text");
    }

    /// <summary>An extent of a tensor that the model cannot do without.</summary>
    internal int Extent(string tensor, int axis)
    {
        if (!file.Tensors.TryGetValue(tensor, out GgufTensor? found) || found.Shape.Rank <= axis)
            throw new CheckpointException(file.Path, [tensor], [], []);
        return found.Shape[axis] <= ConfigFields.MostTokens
            ? (int)found.Shape[axis]
            : throw new CheckpointException(file.Path, [], [], [string.Create(CultureInfo.InvariantCulture, $"{tensor}: expected at most {ConfigFields.MostTokens} rows, found {found.Shape[axis]}")]);
    }

    internal ModelConfigException Fail(string key, string expected) =>
        new(file.Path, key, expected, file.Metadata.TryGetValue(key, out GgufValue? value) ? value.ToString() : "nothing");

    private static string Expected(int least, int most) => string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}");
}
